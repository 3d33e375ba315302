#include "echo/os/platform.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <optional>

#include "echo/os/endpoint.h"
#include "echo/os/fd_set.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/program.h"
#include "support/socket_pair.h"
#include "support/terminal.h"

namespace echo {
namespace {

using test::bytes_in_flight;
using test::make_tcp_pair;
using test::SocketPair;

bool is_closed_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

int tcp_option(int fd, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(fd, IPPROTO_TCP, name, &value, &length) == 0 ? value : -1;
}

TEST(MaxSelectFd, IsAcceptedBySelect) {
  const int nfds = std::min(max_select_fd(), 2 * FD_SETSIZE) + 1;
  FdSet inputs;
  inputs.reserve(nfds);
  constexpr timespec kNow{0, 0};
  EXPECT_EQ(::pselect(nfds, inputs.native(), nullptr, nullptr, &kNow, nullptr), 0);
}

TEST(CreateSocket, IsNonBlockingAndClosedOnExec) {
  const UniqueFd fd = create_socket(AF_INET, SOCK_STREAM);
  ASSERT_TRUE(fd);
  EXPECT_TRUE(is_nonblocking(fd.get()));
  EXPECT_TRUE(is_closed_on_exec(fd.get()));
}

TEST(CreateSocket, ReportsAnError) {
  errno = 0;
  EXPECT_FALSE(create_socket(-1, SOCK_STREAM));
  EXPECT_NE(errno, 0);
}

TEST(AcceptSocket, IsNonBlockingAndClosedOnExec) {
  const UniqueFd listener = listen_on(resolve("127.0.0.1", 0).front(), 1, false);
  const Connecting client = connect_to(local_endpoint(listener.get()));
  UniqueFd fd;
  test::wait_until([&] {
    fd = accept_socket(listener.get(), nullptr, nullptr);
    return static_cast<bool>(fd);
  });
  EXPECT_TRUE(is_nonblocking(fd.get()));
  EXPECT_TRUE(is_closed_on_exec(fd.get()));
}

TEST(AcceptSocket, ReportsAnError) {
  const UniqueFd listener = listen_on(resolve("127.0.0.1", 0).front(), 1, false);
  EXPECT_FALSE(accept_socket(listener.get(), nullptr, nullptr));
  EXPECT_TRUE(errno == EAGAIN || errno == EWOULDBLOCK) << errno;
}

TEST(IsClientError, DistinguishesAClientFromTheListener) {
  for (const int error : {EINTR, ECONNABORTED, EPROTO, EHOSTUNREACH}) {
    EXPECT_TRUE(is_client_error(error)) << error;
  }
  for (const int error : {0, EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM, EBADF, EINVAL, ENOTSOCK}) {
    EXPECT_FALSE(is_client_error(error)) << error;
  }
}

TEST(SetKeepaliveTimes, SetsSecondsAndProbes) {
  const UniqueFd fd = create_socket(AF_INET, SOCK_STREAM);
  ASSERT_TRUE(set_keepalive_times(fd.get(), 60, 15, 4));
  EXPECT_EQ(tcp_option(fd.get(), TCP_KEEPIDLE), 60);
  EXPECT_EQ(tcp_option(fd.get(), TCP_KEEPINTVL), 15);
  EXPECT_EQ(tcp_option(fd.get(), TCP_KEEPCNT), 4);
}

TEST(SetKeepaliveTimes, ReportsAnError) { EXPECT_FALSE(set_keepalive_times(-1, 60, 15, 4)); }

TEST(PathInfo, HasTheRoundTripOfAConnectionIfItIsKnown) {
  const SocketPair pair = make_tcp_pair();
  const auto path = path_info(pair.ours.get());
  ASSERT_EQ(path.has_value(), !is_posix_only());
  if (!path) return;
  EXPECT_GT(path->round_trip, Duration{0});
  EXPECT_GT(path->congestion_window, 0U);
  EXPECT_EQ(path->retransmits, 0U);
}

TEST(PathInfo, IsUnknownWithoutASocket) { EXPECT_EQ(path_info(-1).has_value(), false); }

// A build for POSIX only on Linux does not know.
TEST(Unacknowledged, CountsBytesThePeerHasNotReceivedOrDoesNotKnow) {
  const SocketPair pair = make_tcp_pair();
  test::fill(pair.ours.get());
  const std::size_t in_flight = bytes_in_flight(pair.ours.get());
  EXPECT_GT(in_flight, 0U);
  if (is_posix_only()) {
    EXPECT_EQ(unacknowledged(pair.ours.get()), std::nullopt);
  } else {
    EXPECT_EQ(unacknowledged(pair.ours.get()), in_flight);
  }
}

TEST(Unacknowledged, IsZeroOnceThePeerHasReceivedAll) {
  const SocketPair pair = make_tcp_pair();
  send(pair.ours.get(), "x");
  test::wait_until([&] { return bytes_in_flight(pair.ours.get()) == 0; });
  EXPECT_EQ(unacknowledged(pair.ours.get()).value_or(0), 0U);
}

TEST(Unacknowledged, IsEmptyOnAnError) { EXPECT_EQ(unacknowledged(-1), std::nullopt); }

TEST(ReopenNonblocking, LeavesTheOriginalBlocking) {
  const test::Terminal tty;
  if (!tty.terminal) GTEST_SKIP() << "no pseudo-terminal is available";
  const UniqueFd reopened = reopen_nonblocking(tty.terminal.get());
  ASSERT_TRUE(reopened);
  EXPECT_NE(::fcntl(reopened.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(::fcntl(tty.terminal.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(ReopenNonblocking, WritesToTheSameFile) {
  const test::Terminal tty;
  if (!tty.terminal) GTEST_SKIP() << "no pseudo-terminal is available";
  const UniqueFd reopened = reopen_nonblocking(tty.terminal.get());
  EXPECT_EQ(::write(reopened.get(), "x", 1), 1);
  char byte = 0;
  test::wait_until([&] { return ::read(tty.user.get(), &byte, 1) == 1; });
  EXPECT_EQ(byte, 'x');
}

TEST(ReopenNonblocking, IsEmptyWithoutAFile) { EXPECT_FALSE(reopen_nonblocking(-1)); }

// A pipe has no path.
TEST(ReopenNonblocking, ReopensAPipeOnLinuxOnly) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  EXPECT_EQ(static_cast<bool>(reopen_nonblocking(writer.get())), !is_posix_only());
}

TEST(ProcessorWait, NeverDecreases) {
  const auto before = processor_wait();
  if (!before) GTEST_SKIP() << "the kernel does not report it";
  std::optional<ProcessorWait> after;
  test::wait_until([&] {
    after = processor_wait();
    return after && after->turns > before->turns;
  });
  EXPECT_GE(after->time, before->time);
}

TEST(LocalPorts, AreKnownOnLinuxOnly) { EXPECT_EQ(local_ports().has_value(), !is_posix_only()); }

}  // namespace
}  // namespace echo
