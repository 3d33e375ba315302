#include "echo/loop/selector.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <new>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "echo/base/time.h"
#include "echo/loop/quiet_set.h"
#include "echo/os/fd_set.h"
#include "echo/os/signal_driven_io.h"
#include "echo/os/signals.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/failing_allocations.h"
#include "support/members.h"
#include "support/program.h"
#include "support/signal_queue.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using test::Fds;
using test::make_socket_pair;
using test::make_tcp_pair;
using test::members;
using test::SocketPair;

constexpr Duration kNoWait{0};

void expect_no_results(const Selector& selector) {
  EXPECT_TRUE(selector.readable().empty());
  EXPECT_TRUE(selector.writable().empty());
  EXPECT_TRUE(selector.exceptional().empty());
}

TEST(Selector, ReportsReadableDescriptors) {
  const SocketPair ready = make_socket_pair();
  const SocketPair silent = make_socket_pair();
  send(ready.theirs.get(), "x");
  Selector selector;
  selector.watch_input(ready.ours.get(), true);
  selector.watch_input(silent.ours.get(), true);
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector.readable()), Fds{ready.ours.get()});
  EXPECT_TRUE(selector.writable().empty());
  EXPECT_TRUE(selector.exceptional().empty());
}

TEST(Selector, ReportsWritableDescriptors) {
  const SocketPair ready = make_socket_pair();
  const SocketPair full = make_socket_pair();
  test::fill(full.ours.get());
  Selector selector;
  selector.watch_output(ready.ours.get(), true);
  selector.watch_output(full.ours.get(), true);
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector.writable()), Fds{ready.ours.get()});
  EXPECT_TRUE(selector.readable().empty());
  EXPECT_TRUE(selector.exceptional().empty());
}

TEST(Selector, ReportsEofAsReadable) {
  SocketPair pair = make_socket_pair();
  pair.theirs.reset();
  Selector selector;
  selector.watch_input(pair.ours.get(), true);
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector.readable()), Fds{pair.ours.get()});
}

TEST(Selector, ReportsUrgentDataAsExceptional) {
  const SocketPair pair = make_tcp_pair();
  ASSERT_EQ(::send(pair.theirs.get(), "!", 1, MSG_OOB), 1);
  Selector selector;
  selector.watch_input(pair.ours.get(), true);
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector.exceptional()), Fds{pair.ours.get()});
}

TEST(Selector, ReportsUrgentDataOfInputsOnly) {
  const SocketPair pair = make_tcp_pair();
  ASSERT_EQ(::send(pair.theirs.get(), "!", 1, MSG_OOB), 1);
  Selector selector;
  selector.watch_input(pair.ours.get(), true);
  selector.wait(std::nullopt);
  ASSERT_FALSE(selector.exceptional().empty());
  selector.watch_input(pair.ours.get(), false);
  selector.watch_output(pair.ours.get(), true);
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector.writable()), Fds{pair.ours.get()});
  EXPECT_TRUE(selector.exceptional().empty());
}

TEST(Selector, StoresInputsAndOutputsSeparately) {
  Selector selector;
  selector.watch_input(3, true);
  selector.watch_output(4, true);
  EXPECT_EQ(members(selector.inputs()), Fds{3});
  EXPECT_EQ(members(selector.outputs()), Fds{4});
}

TEST(Selector, IgnoresUnwatchedDescriptors) {
  const SocketPair pair = make_socket_pair();
  send(pair.theirs.get(), "x");
  Selector selector;
  selector.watch_input(pair.ours.get(), true);
  selector.watch_output(pair.ours.get(), true);
  selector.wait(std::nullopt);
  selector.watch_input(pair.ours.get(), false);
  selector.watch_output(pair.ours.get(), false);
  EXPECT_EQ(selector.wait(kNoWait), 0);
  expect_no_results(selector);
}

TEST(Selector, ReportsReadyDescriptorsInEachTurn) {
  const SocketPair pair = make_socket_pair();
  send(pair.theirs.get(), "x");
  Selector selector;
  selector.watch_input(pair.ours.get(), true);
  for (int turn = 0; turn < 3; ++turn) {
    EXPECT_EQ(selector.wait(std::nullopt), 0);
    EXPECT_EQ(members(selector.readable()), Fds{pair.ours.get()});
  }
}

TEST(Selector, ReportsDescriptorsAboveFdSetsize) {
  test::allow_descriptors(3UL * FD_SETSIZE);
  const SocketPair pair = make_socket_pair();
  const UniqueFd high(::fcntl(pair.ours.get(), F_DUPFD_CLOEXEC, 2 * FD_SETSIZE));
  if (!high) GTEST_SKIP() << "the hard limit of descriptors is too low";
  send(pair.theirs.get(), "x");
  Selector selector;
  selector.watch_input(high.get(), true);
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector.readable()), Fds{high.get()});
}

TEST(Selector, ReportsInputsAndOutputsWithDistantNumbers) {
  test::allow_descriptors(3UL * FD_SETSIZE);
  const SocketPair pair = make_socket_pair();
  const UniqueFd high(::fcntl(pair.ours.get(), F_DUPFD_CLOEXEC, 2 * FD_SETSIZE));
  if (!high) GTEST_SKIP() << "the hard limit of descriptors is too low";
  send(pair.theirs.get(), "x");
  Selector selector;
  selector.watch_input(pair.ours.get(), true);
  selector.watch_output(high.get(), true);
  for (int turn = 0; turn < 2; ++turn) EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector.readable()), Fds{pair.ours.get()});
  EXPECT_EQ(members(selector.writable()), Fds{high.get()});
}

// The extra call is cheap, and a new output is most likely writable.
TEST(Selector, ReportsNewOutputsBeforeInputs) {
  const SocketPair pair = make_socket_pair();
  send(pair.theirs.get(), "x");
  Selector selector;
  selector.watch_input(pair.ours.get(), true);
  selector.watch_output(pair.ours.get(), true);
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_TRUE(selector.readable().empty());
  EXPECT_EQ(members(selector.writable()), Fds{pair.ours.get()});
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector.readable()), Fds{pair.ours.get()});
  EXPECT_EQ(members(selector.writable()), Fds{pair.ours.get()});
}

TEST(Selector, FindsEachNewWritableOutputOnce) {
  const SocketPair pair = make_socket_pair();
  send(pair.theirs.get(), "x");
  Selector selector;
  selector.watch_input(pair.ours.get(), true);
  EXPECT_FALSE(selector.find_writable());
  selector.watch_output(pair.ours.get(), true);
  EXPECT_TRUE(selector.find_writable());
  EXPECT_EQ(members(selector.writable()), Fds{pair.ours.get()});
  EXPECT_TRUE(selector.readable().empty());
  EXPECT_FALSE(selector.find_writable());
}

TEST(Selector, FindsNewOutputsWritableNotTwiceInARow) {
  const SocketPair pair = make_socket_pair();
  Selector selector;
  selector.watch_output(pair.ours.get(), true);
  EXPECT_TRUE(selector.find_writable());
  selector.watch_output(pair.ours.get(), false);
  selector.watch_output(pair.ours.get(), true);
  EXPECT_FALSE(selector.find_writable());
}

TEST(Selector, ReportsInputsIfNewOutputsAreNotWritable) {
  const SocketPair pair = make_socket_pair();
  test::fill(pair.ours.get());
  send(pair.theirs.get(), "x");
  Selector selector;
  selector.watch_input(pair.ours.get(), true);
  selector.watch_output(pair.ours.get(), true);
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector.readable()), Fds{pair.ours.get()});
  EXPECT_TRUE(selector.writable().empty());
}

// Fails each allocation of watch_input() in turn.
TEST(Selector, SurvivesAnAllocationFailureInWatchInput) {
  const SocketPair pair = make_socket_pair();
  const UniqueFd high(::fcntl(pair.ours.get(), F_DUPFD_CLOEXEC, FdSet::kWordBits));
  send(pair.theirs.get(), "x");
  bool any_failed = true;
  for (std::size_t successes = 0; any_failed; ++successes) {
    Selector selector;
    selector.watch_input(pair.ours.get(), true);
    try {
      const test::FailingAllocations failing(successes);
      any_failed = false;
      selector.watch_input(high.get(), true);
    } catch (const std::bad_alloc&) {
      any_failed = true;
    }
    const test::FailingAllocations failing(0);
    ASSERT_NO_THROW(selector.wait(std::nullopt));
    ASSERT_TRUE(selector.readable().contains(pair.ours.get()));
  }
}

TEST(Selector, ForgetsADescriptorInEverySet) {
  const SocketPair pair = make_tcp_pair();
  const int fd = pair.ours.get();
  send(pair.theirs.get(), "x");
  ASSERT_EQ(::send(pair.theirs.get(), "!", 1, MSG_OOB), 1);
  ASSERT_TRUE(test::wait_readable(fd));
  Selector selector;
  selector.watch_input(fd, true);
  selector.watch_output(fd, true);
  for (int turn = 0; turn < 2; ++turn) selector.wait(std::nullopt);
  for (const FdSet* set : {&selector.readable(), &selector.writable(), &selector.exceptional()}) {
    ASSERT_TRUE(set->contains(fd));
  }
  selector.forget(fd);
  expect_no_results(selector);
  EXPECT_TRUE(selector.inputs().empty());
  EXPECT_TRUE(selector.outputs().empty());
}

TEST(Selector, ReplacesADescriptor) {
  const SocketPair pair = make_socket_pair();
  const int old = pair.ours.get();
  const UniqueFd copy(::fcntl(old, F_DUPFD_CLOEXEC, 100));
  Selector selector;
  selector.watch_input(old, true);
  selector.watch_output(old, true);
  selector.reserve(copy.get() + 1);
  selector.replace(old, copy.get());
  EXPECT_EQ(members(selector.inputs()), Fds{copy.get()});
  EXPECT_EQ(members(selector.outputs()), Fds{copy.get()});
  selector.wait(kNoWait);
  EXPECT_EQ(members(selector.writable()), Fds{copy.get()});
}

TEST(Selector, KeepsOtherResultsWhenForgettingADescriptor) {
  const SocketPair pair = make_socket_pair();
  Selector selector;
  selector.watch_output(pair.ours.get(), true);
  selector.watch_output(pair.theirs.get(), true);
  selector.wait(std::nullopt);
  selector.forget(pair.ours.get());
  EXPECT_EQ(members(selector.writable()), Fds{pair.theirs.get()});
}

TEST(Selector, ReturnsNothingAfterTheTimeout) {
  const SocketPair pair = make_socket_pair();
  Selector selector;
  selector.watch_input(pair.ours.get(), true);
  EXPECT_EQ(selector.wait(1ms), 0);
  expect_no_results(selector);
}

TEST(Selector, TreatsANegativeTimeoutAsZero) {
  Selector selector;
  EXPECT_EQ(selector.wait(-1500ms), 0);
  expect_no_results(selector);
}

TEST(Selector, AcceptsTheMaximumTimeout) {
  const SocketPair pair = make_socket_pair();
  Selector selector;
  selector.watch_output(pair.ours.get(), true);
  EXPECT_EQ(selector.wait(kMaxDuration), 0);
  EXPECT_EQ(members(selector.writable()), Fds{pair.ours.get()});
}

// Random operations on many descriptors, mostly on a few of them. One descriptor is always
// readable.
TEST(Selector, ReportsTheSameAsAFullSelect) {
  if (!test::allow_signals(1000)) GTEST_SKIP() << test::kFewSignals;
  constexpr std::size_t kPairs = 40;
  constexpr std::size_t kFew = 4;
  std::minstd_rand random;  // NOLINT(*-msc51-cpp): repeatable
  Selector with;
  Selector without(Selector::Asks::kAll);
  const std::array<Selector*, 2> both{&with, &without};
  std::vector<SocketPair> pairs(kPairs);
  const auto begin = [&](SocketPair& pair) {
    for (Selector* each : both)
      if (pair.ours) each->forget(pair.ours.get());
    pair = make_socket_pair();
    for (Selector* each : both) each->watch_input(pair.ours.get(), true);
  };
  for (SocketPair& pair : pairs) begin(pair);
  send(pairs[0].theirs.get(), "x");
  for (int step = 0; step < 5000; ++step) {
    SocketPair& pair = pairs[1 + random() % (random() % 4 == 0 ? kPairs - 1 : kFew)];
    const int fd = pair.ours.get();
    switch (random() % 6) {
      case 0:
        send(pair.theirs.get(), "x");
        break;
      case 1:
        discard(fd);
        break;
      case 2:
        for (Selector* each : both) each->watch_input(fd, !each->inputs().contains(fd));
        break;
      case 3:
        for (Selector* each : both) each->watch_output(fd, !each->outputs().contains(fd));
        break;
      case 4:
        test::fill(fd);
        break;
      default:
        begin(pair);
        break;
    }
    // The results need several turns: new outputs are reported first, and an event is taken one
    // turn before its descriptor is reported.
    for (int turn = 0; turn < 4; ++turn) {
      for (Selector* each : both) ASSERT_EQ(each->wait(kNoWait), 0);
    }
    ASSERT_EQ(members(with.readable()), members(without.readable())) << step;
    ASSERT_EQ(members(with.writable()), members(without.writable())) << step;
    ASSERT_EQ(members(with.exceptional()), members(without.exceptional())) << step;
  }
}

// Many idle descriptors, and one that is always readable.
class CrowdedSelector : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::allow_descriptors(2 * kCrowd + 100)) GTEST_SKIP() << "too few descriptors";
    if (!test::allow_signals(2 * kCrowd)) GTEST_SKIP() << test::kFewSignals;
    send(busy_.theirs.get(), "x");
    selector_.watch_input(busy_.ours.get(), true);
    for (SocketPair& each : silent_) {
      each = make_socket_pair();
      selector_.watch_input(each.ours.get(), true);
    }
    for (int turn = 0; turn < 200; ++turn) selector_.wait(std::nullopt);
  }

  // Returns all descriptors that are reported as readable in that number of turns.
  std::set<int> readable_within(std::size_t turns) {
    std::set<int> reported;
    for (std::size_t turn = 0; turn < turns; ++turn) {
      EXPECT_EQ(selector_.wait(std::nullopt), 0);
      for (const int fd : selector_.readable()) reported.insert(fd);
    }
    return reported;
  }

  static constexpr std::size_t kCrowd = 9'900;
  Selector selector_;
  SocketPair busy_ = make_socket_pair();
  std::vector<SocketPair> silent_{kCrowd};
};

TEST_F(CrowdedSelector, ReportsAnIdleDescriptorWithinTwoTurns) {
  for (std::size_t number = 0; number < kCrowd; number += 99) {
    const SocketPair& each = silent_[number];
    send(each.theirs.get(), "x");
    EXPECT_EQ(readable_within(2).count(each.ours.get()), 1U) << each.ours.get();
  }
}

// One call takes an event; the next call reports the descriptor.
TEST_F(CrowdedSelector, ReportsABurstWithinBoundedTurns) {
  constexpr std::size_t kMaxTurns = 2 + kCrowd / SignalDrivenIo::kMaxTaken;
  for (const SocketPair& each : silent_) send(each.theirs.get(), "x");
  EXPECT_EQ(readable_within(kMaxTurns).size(), 1 + kCrowd);
}

// After lost events all idle descriptors are probed in turn.
TEST_F(CrowdedSelector, ReportsAllDespiteLostEvents) {
  constexpr std::size_t kMaxTurns = 2 + kCrowd / QuietSet::kMaxChanges + 1;
  const test::LimitedSignalQueue queue(0);
  for (const SocketPair& each : silent_) send(each.theirs.get(), "x");
  EXPECT_EQ(readable_within(kMaxTurns).size(), 1 + kCrowd);
}

// The kernel signals room for output only if select() has reported before that there is none.
TEST_F(CrowdedSelector, ReportsRoomForOutputAfterALongWait) {
  std::array<SocketPair, QuietSet::kFewIdle> stuck;
  for (SocketPair& pair : stuck) {
    pair = test::make_tcp_pair();
    test::fill(pair.ours.get());
    selector_.watch_output(pair.ours.get(), true);
  }
  for (int turn = 0; turn < 100; ++turn) {
    ASSERT_EQ(selector_.wait(std::nullopt), 0);
    ASSERT_TRUE(selector_.writable().empty());
  }
  for (const SocketPair& pair : stuck) {
    while (discard(pair.theirs.get()).bytes > 0) {
    }
    ASSERT_TRUE(test::wait_writable(pair.ours.get()));
    bool reported = false;
    for (int turn = 0; turn < 2 && !reported; ++turn) {
      ASSERT_EQ(selector_.wait(std::nullopt), 0);
      reported = selector_.writable().contains(pair.ours.get());
    }
    EXPECT_TRUE(reported);
  }
}

TEST_F(CrowdedSelector, WakesUpForAnIdleDescriptor) {
  std::array<char, 1> buffer{};
  receive(busy_.ours.get(), buffer);
  send(silent_.back().theirs.get(), "x");
  for (int turn = 0; turn < 2; ++turn) EXPECT_EQ(selector_.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector_.readable()), Fds{silent_.back().ours.get()});
}

// All processes of a user share the signal queue. Each idle descriptor queues many signals here,
// and the first one makes the descriptor active again.
TEST(Selector, EmptiesTheSignalQueueAfterABurst) {
  Selector selector;
  if (!test::allow_signals(10'000)) GTEST_SKIP() << test::kFewSignals;
  std::vector<SocketPair> pairs(100);
  for (SocketPair& pair : pairs) {
    pair = make_socket_pair();
    selector.watch_input(pair.ours.get(), true);
  }
  send(pairs.front().theirs.get(), "x");
  for (int turn = 0; turn < 200; ++turn) selector.wait(std::nullopt);
  for (int i = 0; i < 20; ++i) {
    for (const SocketPair& pair : pairs) send(pair.theirs.get(), "x");
  }
  sigset_t pending{};
  ::sigpending(&pending);
  ASSERT_EQ(::sigismember(&pending, SIGRTMIN), 1);
  for (int turn = 0; turn < 10; ++turn) selector.wait(std::nullopt);
  ::sigpending(&pending);
  EXPECT_EQ(::sigismember(&pending, SIGRTMIN), 0);
}

TEST(Selector, ReturnsNothingWhenASignalInterruptsIt) {
  const SocketPair pair = make_socket_pair();
  const Signals signals({SIGALRM});
  Selector selector;
  selector.watch_input(pair.ours.get(), true);
  // Again and again: on a slow machine, the first signal may arrive before select() begins.
  constexpr itimerval kSoon{.it_interval = {.tv_sec = 0, .tv_usec = 1000},
                            .it_value = {.tv_sec = 0, .tv_usec = 1000}};
  constexpr itimerval kNever{};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &kSoon, nullptr), 0);
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  ::setitimer(ITIMER_REAL, &kNever, nullptr);
  expect_no_results(selector);
}

TEST(Selector, ReportsReadableDescriptorsDespiteSignals) {
  const SocketPair ready = make_socket_pair();
  const SocketPair full = make_socket_pair();
  send(ready.theirs.get(), "x");
  test::fill(full.ours.get());
  const Signals signals({SIGALRM});
  Selector selector;
  selector.watch_input(ready.ours.get(), true);
  constexpr itimerval kAgainAndAgain{.it_interval = {.tv_sec = 0, .tv_usec = 20},
                                     .it_value = {.tv_sec = 0, .tv_usec = 20}};
  constexpr itimerval kNever{};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &kAgainAndAgain, nullptr), 0);
  int found = 0;
  constexpr int kWaits = 20'000;
  for (int i = 0; i < kWaits; ++i) {
    // A new output causes an extra call to select() for the outputs alone.
    selector.watch_output(full.ours.get(), false);
    selector.watch_output(full.ours.get(), true);
    if (selector.wait(kNoWait) == 0 && selector.readable().contains(ready.ours.get())) ++found;
  }
  ::setitimer(ITIMER_REAL, &kNever, nullptr);
  EXPECT_EQ(found, kWaits);
}

TEST(Selector, ReportsASignalUnderConstantLoad) {
  const SocketPair pair = make_socket_pair();
  const Signals signals({SIGUSR1});
  Selector selector;
  selector.watch_output(pair.ours.get(), true);
  selector.watch_input(signals.fd(), true);
  selector.wait(std::nullopt);
  ASSERT_EQ(::raise(SIGUSR1), 0);
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector.readable()), Fds{signals.fd()});
  EXPECT_EQ(members(selector.writable()), Fds{pair.ours.get()});
}

TEST(Selector, ReturnsAnErrorWithoutResults) {
  const SocketPair pair = make_socket_pair();
  Selector selector;
  selector.watch_output(pair.ours.get(), true);
  selector.wait(std::nullopt);
  UniqueFd closed(::fcntl(pair.theirs.get(), F_DUPFD_CLOEXEC, 0));
  selector.watch_input(closed.get(), true);
  closed.reset();
  EXPECT_EQ(selector.wait(std::nullopt), EBADF);
  expect_no_results(selector);
}

TEST(Selector, WaitsAgainAfterAnError) {
  const SocketPair pair = make_socket_pair();
  UniqueFd closed(::fcntl(pair.theirs.get(), F_DUPFD_CLOEXEC, 0));
  const int fd = closed.get();
  Selector selector;
  selector.watch_output(pair.ours.get(), true);
  selector.wait(std::nullopt);
  selector.watch_input(fd, true);
  closed.reset();
  ASSERT_EQ(selector.wait(std::nullopt), EBADF);
  selector.forget(fd);
  EXPECT_EQ(selector.wait(std::nullopt), 0);
  EXPECT_EQ(members(selector.writable()), Fds{pair.ours.get()});
}

}  // namespace
}  // namespace echo
