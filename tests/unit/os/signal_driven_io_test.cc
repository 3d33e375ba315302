#include "echo/os/signal_driven_io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <vector>

#include "echo/base/time.h"
#include "echo/loop/selector.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/program.h"
#include "support/signal_queue.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using test::fill;
using test::make_socket_pair;
using test::make_tcp_pair;
using test::SocketPair;
using test::wait_readable;

// Allows as many queued signals as possible: other tests of the same user may have signals queued,
// and a full queue loses events.
struct Events : SignalDrivenIo {
  Events() { test::allow_signals(0); }
};

// Returns the descriptors that one take() reports.
std::vector<int> taken(const SignalDrivenIo& events) {
  std::vector<int> fds;
  EXPECT_TRUE(events.take([&](int fd) { fds.push_back(fd); }));
  return fds;
}

// True if one take() reports the descriptor.
bool reports(int fd, const SignalDrivenIo& events) {
  const std::vector<int> fds = taken(events);
  return std::find(fds.begin(), fds.end(), fd) != fds.end();
}

TEST(SignalDrivenIo, ReportsInput) {
  const SocketPair pair = make_socket_pair();
  const Events events;
  ASSERT_TRUE(events.arm(pair.ours.get()));
  send(pair.theirs.get(), "x");
  EXPECT_TRUE(wait_readable(events.fd()));
  EXPECT_EQ(taken(events), std::vector<int>{pair.ours.get()});
}

TEST(SignalDrivenIo, ReportsEof) {
  SocketPair pair = make_socket_pair();
  const Events events;
  ASSERT_TRUE(events.arm(pair.ours.get()));
  pair.theirs.reset();
  EXPECT_TRUE(reports(pair.ours.get(), events));
}

TEST(SignalDrivenIo, ReportsAReset) {
  SocketPair pair = make_tcp_pair();
  const Events events;
  ASSERT_TRUE(events.arm(pair.ours.get()));
  test::reset_on_close(pair.theirs.get());
  pair.theirs.reset();
  EXPECT_TRUE(reports(pair.ours.get(), events));
}

TEST(SignalDrivenIo, ReportsUrgentData) {
  const SocketPair pair = make_tcp_pair();
  const Events events;
  ASSERT_TRUE(events.arm(pair.ours.get()));
  ASSERT_EQ(::send(pair.theirs.get(), "!", 1, MSG_OOB), 1);
  EXPECT_TRUE(reports(pair.ours.get(), events));
}

TEST(SignalDrivenIo, ReportsRoomAfterSelectReportedNone) {
  const SocketPair pair = make_tcp_pair();
  fill(pair.ours.get());
  const Events events;
  ASSERT_TRUE(events.arm(pair.ours.get()));
  Selector selector;
  selector.watch_output(pair.ours.get(), true);
  ASSERT_EQ(selector.wait(Duration{0}), 0);
  ASSERT_TRUE(selector.writable().empty());
  while (discard(pair.theirs.get()).bytes > 0) {
  }
  ASSERT_TRUE(wait_readable(events.fd()));
  EXPECT_TRUE(reports(pair.ours.get(), events));
}

TEST(SignalDrivenIo, ReportsEventsInOrder) {
  const SocketPair first = make_socket_pair();
  const SocketPair second = make_socket_pair();
  const Events events;
  ASSERT_TRUE(events.arm(first.ours.get()));
  ASSERT_TRUE(events.arm(second.ours.get()));
  send(second.theirs.get(), "x");
  send(first.theirs.get(), "x");
  EXPECT_EQ(taken(events), (std::vector<int>{second.ours.get(), first.ours.get()}));
}

TEST(SignalDrivenIo, IgnoresInputThatPrecedesArming) {
  const SocketPair pair = make_socket_pair();
  send(pair.theirs.get(), "x");
  const Events events;
  ASSERT_TRUE(events.arm(pair.ours.get()));
  EXPECT_FALSE(test::is_readable(events.fd()));
}

TEST(SignalDrivenIo, IgnoresADisarmedDescriptor) {
  const SocketPair pair = make_socket_pair();
  const Events events;
  ASSERT_TRUE(events.arm(pair.ours.get()));
  SignalDrivenIo::disarm(pair.ours.get());
  send(pair.theirs.get(), "x");
  EXPECT_FALSE(test::is_readable(events.fd()));
}

TEST(SignalDrivenIo, ReportsABoundedNumberPerCall) {
  constexpr std::size_t kEvents = SignalDrivenIo::kMaxTaken + 100;
  const Events events;
  if (!test::allow_signals(kEvents)) GTEST_SKIP() << test::kFewSignals;
  if (!test::allow_descriptors(3 * kEvents)) GTEST_SKIP() << "too few descriptors";
  std::vector<SocketPair> pairs(kEvents);
  for (SocketPair& pair : pairs) {
    pair = make_socket_pair();
    ASSERT_TRUE(events.arm(pair.ours.get()));
    send(pair.theirs.get(), "x");
  }
  EXPECT_EQ(taken(events).size(), SignalDrivenIo::kMaxTaken);
  EXPECT_EQ(taken(events).size(), 100U);
}

TEST(SignalDrivenIo, ReportsLostEvents) {
  const SocketPair pair = make_socket_pair();
  const Events events;
  ASSERT_TRUE(events.arm(pair.ours.get()));
  const test::LimitedSignalQueue queue(2);
  for (int i = 0; i < 10; ++i) send(pair.theirs.get(), "x");
  EXPECT_FALSE(events.take([](int) {}));
}

rlimit signal_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_SIGPENDING, &limit);
  return limit;
}

// All processes of a user share the signal queue, and remote peers decide how many signals arrive.
TEST(SignalDrivenIo, LimitsItsQueuedSignals) {
  const rlimit before = signal_limit();
  {
    const SignalDrivenIo events;
    EXPECT_LE(signal_limit().rlim_cur, SignalDrivenIo::kMaxQueued);
    EXPECT_EQ(signal_limit().rlim_max, before.rlim_max);
  }
  EXPECT_EQ(signal_limit().rlim_cur, before.rlim_cur);
}

TEST(SignalDrivenIo, NeverRaisesTheSignalLimit) {
  const test::LimitedSignalQueue queue(7);
  const SignalDrivenIo events;
  EXPECT_EQ(signal_limit().rlim_cur, 7U);
}

TEST(SignalDrivenIo, RefusesToArmAFile) {
  const UniqueFd file(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  const SignalDrivenIo events;
  EXPECT_FALSE(events.arm(file.get()));
}

// A descriptor may still be armed, for example because another process has it too. Its signal must
// not kill this process.
TEST(SignalDrivenIo, LeavesItsSignalsIgnored) {
  const SocketPair pair = make_socket_pair();
  {
    const SignalDrivenIo events;
    ASSERT_TRUE(events.arm(pair.ours.get()));
  }
  send(pair.theirs.get(), "x");
  std::array<char, 2> buffer{};
  EXPECT_EQ(receive(pair.ours.get(), buffer).bytes, 1U);
}

TEST(SignalDrivenIo, RestoresTheSignalMask) {
  sigset_t before{};
  ::sigprocmask(SIG_SETMASK, nullptr, &before);
  { const SignalDrivenIo events; }
  sigset_t after{};
  ::sigprocmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(::sigismember(&after, SIGIO), ::sigismember(&before, SIGIO));
  EXPECT_EQ(::sigismember(&after, SIGRTMIN), ::sigismember(&before, SIGRTMIN));
}

}  // namespace
}  // namespace echo
