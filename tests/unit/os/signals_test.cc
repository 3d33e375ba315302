#include "echo/os/signals.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <system_error>
#include <vector>

#include "support/socket_pair.h"

namespace echo {
namespace {

struct sigaction action_of(int signal) {
  struct sigaction action {};
  ::sigaction(signal, nullptr, &action);
  return action;
}

sigset_t current_mask() {
  sigset_t mask{};
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return mask;
}

std::vector<int> members(const sigset_t& set) {
  std::vector<int> result;
  for (int signal = 1; signal < NSIG; ++signal) {
    if (::sigismember(&set, signal) == 1) result.push_back(signal);
  }
  return result;
}

void set_action(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(signal, &action, nullptr);
}

// SIGSYS on Linux, SIGUSR2 on macOS and the BSDs.
constexpr int kHighest = 31;

// A handler that only this test installs.
void do_nothing(int /*signal*/) {}

// Calls take() until it returns 0. Returns all results, including the 0.
std::vector<int> taken_from(Signals& signals) {
  std::vector<int> taken;
  do {
    taken.push_back(signals.take());
  } while (taken.back() != 0);
  return taken;
}

void raise_all(std::initializer_list<int> signals) {
  for (const int signal : signals) ASSERT_EQ(::raise(signal), 0);
}

// Gives each test the default actions and an empty mask, whatever the process has inherited.
class SignalsTest : public testing::Test {
 public:
  SignalsTest() {
    for (std::size_t i = 0; i < kUsed.size(); ++i) {
      old_actions_[i] = action_of(kUsed[i]);
      set_action(kUsed[i], SIG_DFL);
    }
    sigset_t none{};
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, &old_mask_);
  }

  ~SignalsTest() override {
    for (std::size_t i = 0; i < kUsed.size(); ++i) ::sigaction(kUsed[i], &old_actions_[i], nullptr);
    ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  }

 private:
  static constexpr std::array kUsed{SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGTERM, kHighest};

  std::array<struct sigaction, kUsed.size()> old_actions_{};
  sigset_t old_mask_{};
};

TEST_F(SignalsTest, TakesNothingWithoutASignal) {
  Signals signals({SIGTERM, SIGINT});
  EXPECT_EQ(signals.take(), 0);
}

TEST_F(SignalsTest, TakesAReceivedSignal) {
  Signals signals({SIGTERM, SIGINT});
  raise_all({SIGINT});
  EXPECT_EQ(taken_from(signals), (std::vector{SIGINT, 0}));
  EXPECT_EQ(signals.take(), 0);
}

TEST_F(SignalsTest, TakesTheLowestNumberFirst) {
  Signals signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1});
  raise_all({SIGUSR1, SIGHUP, SIGTERM, SIGINT});
  EXPECT_EQ(taken_from(signals), (std::vector{SIGHUP, SIGINT, SIGUSR1, SIGTERM, 0}));
}

TEST_F(SignalsTest, TakesTheHighestNumber) {
  Signals signals({kHighest});
  raise_all({kHighest});
  EXPECT_EQ(taken_from(signals), (std::vector{kHighest, 0}));
}

TEST_F(SignalsTest, TakesARepeatedSignalOnce) {
  Signals signals({SIGUSR1});
  raise_all({SIGUSR1, SIGUSR1});
  EXPECT_EQ(taken_from(signals), (std::vector{SIGUSR1, 0}));
}

TEST_F(SignalsTest, TakesASignalEachTimeItArrives) {
  Signals signals({SIGUSR1});
  for (int time = 0; time < 2; ++time) {
    raise_all({SIGUSR1});
    EXPECT_EQ(taken_from(signals), (std::vector{SIGUSR1, 0}));
  }
}

TEST_F(SignalsTest, TakesASignalThatWasAlreadyPending) {
  block_signals({SIGTERM});
  raise_all({SIGTERM});
  EXPECT_EQ(Signals({SIGTERM}).take(), SIGTERM);
}

TEST_F(SignalsTest, DiscardsSignalsOfAPreviousObject) {
  {
    const Signals before({SIGUSR1});
    raise_all({SIGUSR1});
  }
  EXPECT_EQ(Signals({SIGUSR1}).take(), 0);
}

TEST_F(SignalsTest, LeavesLaterSignalsToTheNextRound) {
  Signals signals({SIGTERM, SIGINT});
  raise_all({SIGTERM});
  EXPECT_EQ(signals.take(), SIGTERM);
  raise_all({SIGINT});
  EXPECT_EQ(signals.take(), 0);
  EXPECT_EQ(signals.take(), SIGINT);
}

TEST_F(SignalsTest, IsReadableUntilAllAreTaken) {
  Signals signals({SIGTERM, SIGINT});
  EXPECT_FALSE(test::is_readable(signals.fd()));
  raise_all({SIGINT, SIGTERM, SIGINT});
  EXPECT_TRUE(test::is_readable(signals.fd()));
  taken_from(signals);
  EXPECT_FALSE(test::is_readable(signals.fd()));
}

TEST_F(SignalsTest, LosesNoSignalInAFlood) {
  Signals signals({SIGTERM, SIGUSR1});
  for (int i = 0; i < 100'000; ++i) static_cast<void>(::raise(SIGUSR1));
  raise_all({SIGTERM});
  EXPECT_EQ(taken_from(signals), (std::vector{SIGUSR1, SIGTERM, 0}));
}

TEST_F(SignalsTest, PreservesErrno) {
  const Signals signals({SIGUSR1});
  errno = ENOENT;
  raise_all({SIGUSR1});
  EXPECT_EQ(errno, ENOENT);
}

TEST_F(SignalsTest, UnblocksTheSignalsItCatches) {
  block_signals({SIGUSR1, SIGUSR2});
  const Signals signals({SIGTERM, SIGUSR1});
  EXPECT_EQ(members(current_mask()), std::vector{SIGUSR2});
}

TEST_F(SignalsTest, RestoresTheActions) {
  set_action(SIGUSR1, &do_nothing);
  { const Signals signals({SIGTERM, SIGUSR1}); }
  EXPECT_EQ(action_of(SIGUSR1).sa_handler, &do_nothing);
  EXPECT_EQ(action_of(SIGTERM).sa_handler, SIG_DFL);
}

TEST_F(SignalsTest, RestoresTheMask) {
  block_signals({SIGUSR2});
  { const Signals signals({SIGTERM, SIGUSR1}); }
  EXPECT_EQ(members(current_mask()), std::vector{SIGUSR2});
}

TEST_F(SignalsTest, LeavesAnIgnoredSighupIgnored) {
  set_action(SIGHUP, SIG_IGN);
  Signals signals({SIGHUP, SIGTERM});
  EXPECT_EQ(action_of(SIGHUP).sa_handler, SIG_IGN);
  raise_all({SIGHUP});
  EXPECT_EQ(signals.take(), 0);
}

// A shell without job control starts every background job with SIGINT ignored, although the user
// did not ask for it. SIGHUP is ignored only if the user did, for example with nohup(1).
TEST_F(SignalsTest, CatchesSigintEvenIfIgnored) {
  set_action(SIGINT, SIG_IGN);
  Signals signals({SIGINT});
  raise_all({SIGINT});
  EXPECT_EQ(signals.take(), SIGINT);
}

TEST_F(SignalsTest, RejectsASignalThatCannotBeCaught) {
  try {
    const Signals signals({SIGKILL});
    FAIL() << "SIGKILL was caught";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EINVAL);
    EXPECT_STREQ(error.what(), "cannot catch signal 9: Invalid argument");
  }
}

TEST_F(SignalsTest, ChangesNothingIfItThrows) {
  try {
    const Signals signals({SIGUSR1, SIGKILL});
    FAIL() << "SIGKILL was caught";
  } catch (const std::system_error&) {
    EXPECT_EQ(action_of(SIGUSR1).sa_handler, SIG_DFL);
    EXPECT_EQ(members(current_mask()), std::vector<int>{});
  }
}

// Runs the body in a child process. Returns the exit status of the child, kSurvived if the body
// returns, or -1 if a signal kills the child.
constexpr int kSurvived = 99;
int status_in_child(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(kSurvived);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

using ExitOnSignals = SignalsTest;

TEST_F(ExitOnSignals, EndsTheProcessWithStatusZero) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    EXPECT_EQ(status_in_child([&] {
                exit_on_signals({SIGTERM, SIGINT, SIGHUP});
                static_cast<void>(::raise(signal));
              }),
              0);
  }
}

TEST_F(ExitOnSignals, EndsAProcessStartedWithBlockedOrIgnoredSignals) {
  EXPECT_EQ(status_in_child([] {
              block_signals({SIGTERM});
              static_cast<void>(::raise(SIGTERM));
              exit_on_signals({SIGTERM});
            }),
            0);
  EXPECT_EQ(status_in_child([] {
              set_action(SIGINT, SIG_IGN);
              exit_on_signals({SIGINT});
              static_cast<void>(::raise(SIGINT));
            }),
            0);
}

TEST_F(ExitOnSignals, LeavesAnIgnoredSighupIgnored) {
  EXPECT_EQ(status_in_child([] {
              set_action(SIGHUP, SIG_IGN);
              exit_on_signals({SIGHUP});
              static_cast<void>(::raise(SIGHUP));
            }),
            kSurvived);
}

TEST_F(ExitOnSignals, LeavesBlockedSignalsToTheMainLoop) {
  EXPECT_EQ(status_in_child([] {
              exit_on_signals({SIGTERM});
              block_signals({SIGTERM});
              static_cast<void>(::raise(SIGTERM));
              Signals signals({SIGTERM});
              if (signals.take() != SIGTERM) ::_exit(EXIT_FAILURE);
            }),
            kSurvived);
}

TEST(ReapChildren, ReapsDeadAndDyingChildren) {
  EXPECT_EQ(status_in_child([] {
              const pid_t dead = ::fork();
              if (dead == 0) ::_exit(0);
              siginfo_t info{};
              ::waitid(P_PID, static_cast<id_t>(dead), &info, WEXITED | WNOWAIT);
              reap_children();
              const pid_t dying = ::fork();
              if (dying == 0) ::_exit(0);
              // Waits until the child has died. ECHILD shows that it has been reaped.
              if (::waitpid(-1, nullptr, 0) >= 0 || errno != ECHILD) ::_exit(EXIT_FAILURE);
            }),
            kSurvived);
}

}  // namespace
}  // namespace echo
