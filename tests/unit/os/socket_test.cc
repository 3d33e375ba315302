#include "echo/os/socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"
#include "support/program.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

using test::make_socket_pair;
using test::make_tcp_pair;
using test::SocketPair;
using test::wait_readable;
using test::wait_writable;

Endpoint loopback() { return resolve("127.0.0.1", 0).front(); }

UniqueFd listen_on_loopback() { return listen_on(loopback(), 1, false); }

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  ::getsockopt(fd, level, name, &value, &length);
  return value;
}

void expect_nonblocking_and_closed_on_exec(int fd) {
  EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
}

void make_blocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK); }

// Returns the bytes received until EOF or an error, and the errno value (0 at EOF).
std::pair<std::string, int> receive_to_end(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (wait_readable(fd)) {
    const Moved received = receive(fd, buffer);
    if (received.bytes == 0) return {text, received.error};
    text.append(buffer.data(), received.bytes);
  }
  return {text, ETIMEDOUT};
}

TEST(Moved, WouldBlockIfSelectMustBeCalledAgain) {
  EXPECT_TRUE((Moved{.bytes = 0, .error = EAGAIN}.would_block()));
  EXPECT_TRUE((Moved{.bytes = 0, .error = EWOULDBLOCK}.would_block()));
  EXPECT_TRUE((Moved{.bytes = 0, .error = EINTR}.would_block()));
}

TEST(Moved, WouldNotBlockOtherwise) {
  EXPECT_FALSE(Moved{}.would_block());
  EXPECT_FALSE((Moved{.bytes = 1, .error = 0}.would_block()));
  EXPECT_FALSE((Moved{.bytes = 0, .error = ECONNRESET}.would_block()));
}

TEST(ListenOn, ChoosesAFreePortForPort0) {
  const UniqueFd listener = listen_on_loopback();
  EXPECT_EQ(local_endpoint(listener.get()).host(), "127.0.0.1");
  EXPECT_NE(local_endpoint(listener.get()).port(), 0);
}

TEST(ListenOn, MakesSocketsNonblockingAndClosedOnExec) {
  expect_nonblocking_and_closed_on_exec(listen_on_loopback().get());
}

TEST(ListenOn, AllowsAnImmediateRestart) {
  EXPECT_EQ(option_of(listen_on_loopback().get(), SOL_SOCKET, SO_REUSEADDR), 1);
}

TEST(ListenOn, SetsTheBacklog) {
  const UniqueFd listener = listen_on(loopback(), 7, false);
  tcp_info info{};
  socklen_t length = sizeof info;
  ASSERT_EQ(::getsockopt(listener.get(), IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  // For a listening socket this field is the backlog.
  EXPECT_EQ(info.tcpi_sacked, 7U);
}

TEST(ListenOn, NamesAnAddressInUse) {
  const UniqueFd listener = listen_on_loopback();
  const Endpoint taken = local_endpoint(listener.get());
  try {
    listen_on(taken, 1, false);
    FAIL() << "two sockets listen on " << taken.to_string();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::address_in_use);
    EXPECT_EQ(std::string_view(error.what())
                  .find("cannot listen on 127.0.0.1 port " + std::to_string(taken.port()) + ": "),
              0U);
  }
}

TEST(ListenOn, ReportsTheErrorOfTheFailedCall) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr.s6_addr[0] = 0xfe;
  address.sin6_addr.s6_addr[1] = 0x80;
  address.sin6_scope_id = INT32_MAX;  // No interface has this number.
  const UniqueFd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) GTEST_SKIP() << "this machine has no IPv6";
  const auto* const any = reinterpret_cast<const sockaddr*>(&address);
  ASSERT_NE(::bind(probe.get(), any, sizeof address), 0);
  const int expected = errno;
  try {
    listen_on(Endpoint(any, sizeof address), 1, false);
    FAIL() << "listens on a missing interface";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), expected) << error.what();
  }
}

TEST(ListenOn, SharesAPortIfBothSetReusePort) {
  const UniqueFd first = listen_on(loopback(), 1, true);
  const UniqueFd second = listen_on(local_endpoint(first.get()), 1, true);
  EXPECT_EQ(local_endpoint(second.get()).port(), local_endpoint(first.get()).port());
}

TEST(ListenOn, ExcludesIpv4FromAnIpv6Wildcard) {
  const UniqueFd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) GTEST_SKIP() << "this machine has no IPv6";
  const UniqueFd listener = listen_on(resolve("*", 0, AF_INET6).front(), 1, false);
  EXPECT_EQ(option_of(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

// The keepalive options of an accepted connection; times in seconds.
struct Keepalive {
  int on, silence, interval, probes;
  bool operator==(const Keepalive&) const = default;
};

Keepalive keepalive_of_accepted(Duration keepalive) {
  const UniqueFd listener = listen_on(loopback(), 1, false, keepalive);
  const Connecting connecting = connect_to(local_endpoint(listener.get()));
  EXPECT_TRUE(wait_readable(listener.get()));
  const Accepted accepted = accept_from(listener.get());
  return {option_of(accepted.fd.get(), SOL_SOCKET, SO_KEEPALIVE),
          option_of(accepted.fd.get(), IPPROTO_TCP, TCP_KEEPIDLE),
          option_of(accepted.fd.get(), IPPROTO_TCP, TCP_KEEPINTVL),
          option_of(accepted.fd.get(), IPPROTO_TCP, TCP_KEEPCNT)};
}

TEST(ListenOn, EnablesKeepaliveOnConnections) {
  EXPECT_EQ(keepalive_of_accepted(2min), (Keepalive{1, 120, 30, 4}));
  EXPECT_EQ(keepalive_of_accepted(kMaxKeepalive), (Keepalive{1, 32767, 8192, 4}));
}

TEST(ListenOn, RoundsKeepaliveTimesUpToSeconds) {
  EXPECT_EQ(keepalive_of_accepted(1us), (Keepalive{1, 1, 1, 4}));
  EXPECT_EQ(keepalive_of_accepted(2001ms), (Keepalive{1, 3, 1, 4}));
}

TEST(ListenOn, DisablesKeepaliveForZero) { EXPECT_EQ(keepalive_of_accepted(0s).on, 0); }

TEST(AcceptFrom, WouldBlockWithoutAClient) {
  const UniqueFd listener = listen_on_loopback();
  const Accepted accepted = accept_from(listener.get());
  EXPECT_FALSE(accepted.fd);
  EXPECT_EQ(accepted.error, EAGAIN);
  EXPECT_EQ(accepted.peer.family(), AF_UNSPEC);
}

// A client and the connection that the server has accepted from it.
class ConnectedTest : public testing::Test {
 protected:
  const UniqueFd listener_ = listen_on_loopback();
  const Connecting connecting_ = connect_to(local_endpoint(listener_.get()));
  const bool waiting_ = wait_readable(listener_.get());
  const Accepted accepted_ = accept_from(listener_.get());
};

TEST_F(ConnectedTest, AcceptFromReturnsThePeersAddress) {
  ASSERT_TRUE(accepted_.fd);
  EXPECT_EQ(accepted_.error, 0);
  EXPECT_EQ(accepted_.peer.to_string(), local_endpoint(connecting_.fd.get()).to_string());
}

TEST_F(ConnectedTest, ConnectToSucceedsOnceWritable) {
  ASSERT_TRUE(connecting_.fd);
  EXPECT_EQ(connecting_.error, 0);
  ASSERT_TRUE(wait_writable(connecting_.fd.get()));
  EXPECT_EQ(take_error(connecting_.fd.get()), 0);
}

TEST_F(ConnectedTest, BothSidesSetNodelay) {
  EXPECT_EQ(option_of(accepted_.fd.get(), IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option_of(connecting_.fd.get(), IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST_F(ConnectedTest, BothSidesAreNonblockingAndClosedOnExec) {
  expect_nonblocking_and_closed_on_exec(accepted_.fd.get());
  expect_nonblocking_and_closed_on_exec(connecting_.fd.get());
}

// All processes that share a listener share its O_NONBLOCK flag.
TEST(NeverWaitToAccept, WorksOnABlockingListener) {
  const UniqueFd listener = listen_on(resolve("127.0.0.1", 0).front(), 1, false);
  limit_accept_wait(listener.get());
  ::fcntl(listener.get(), F_SETFL, ::fcntl(listener.get(), F_GETFL) & ~O_NONBLOCK);
  EXPECT_EQ(accept_from(listener.get()).error, EAGAIN);
}

TEST(WaitToAccept, ClearsTheTimeout) {
  const UniqueFd listener = listen_on(resolve("127.0.0.1", 0).front(), 1, false);
  limit_accept_wait(listener.get());
  unlimit_accept_wait(listener.get());
  timeval time{.tv_sec = 1, .tv_usec = 1};
  socklen_t length = sizeof time;
  ASSERT_EQ(::getsockopt(listener.get(), SOL_SOCKET, SO_RCVTIMEO, &time, &length), 0);
  EXPECT_EQ(time.tv_sec, 0);
  EXPECT_EQ(time.tv_usec, 0);
}

TEST(IsBroadcast, IsTrueForBroadcastAddresses) {
  EXPECT_TRUE(is_broadcast(resolve("255.255.255.255", 0).front()));
  EXPECT_TRUE(is_broadcast(resolve("127.255.255.255", 0).front()));
}

TEST(IsBroadcast, IsFalseForOtherAddresses) {
  for (const char* const host : {"127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::"}) {
    EXPECT_FALSE(is_broadcast(resolve(host, 0).front())) << host;
  }
}

TEST(ConnectTo, ReportsARefusalOnceByTakeError) {
  // The socket is bound, which reserves the port, but does not listen.
  const UniqueFd deaf(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(deaf.get(), loopback().address(), loopback().length()), 0);
  const Connecting connecting = connect_to(local_endpoint(deaf.get()));
  ASSERT_TRUE(connecting.fd);
  ASSERT_TRUE(wait_writable(connecting.fd.get()));
  EXPECT_EQ(take_error(connecting.fd.get()), ECONNREFUSED);
  EXPECT_EQ(take_error(connecting.fd.get()), 0);
}

TEST(ConnectTo, ReturnsTheErrorOfSocket) {
  const Connecting connecting = connect_to(Endpoint());
  EXPECT_FALSE(connecting.fd);
  EXPECT_EQ(connecting.error, EAFNOSUPPORT);
}

TEST(ConnectTo, ReturnsTheErrorOfConnect) {
  // TCP cannot connect to a multicast group (RFC 1122, section 4.2.3.10).
  const Connecting connecting = connect_to(resolve("224.0.0.1", 7).front());
  EXPECT_FALSE(connecting.fd);
  EXPECT_EQ(connecting.error, ENETUNREACH);
}

TEST(ConnectTo, UsesTheAddressesOfTheOriginInTurn) {
  const UniqueFd listener = listen_on_loopback();
  const Origin origin{
      .addresses = {parse_address("127.0.0.2"), parse_address("::1"), parse_address("127.0.0.3")}};
  std::uint64_t number = 0;
  for (const char* const host : {"127.0.0.2", "127.0.0.3", "127.0.0.2"}) {
    const Connecting connecting = connect_to(local_endpoint(listener.get()), origin, number++);
    ASSERT_TRUE(wait_readable(listener.get()));
    EXPECT_EQ(accept_from(listener.get()).peer.host(), host);
  }
}

TEST(ConnectTo, LeavesTheAddressToTheKernelWithoutOneOfTheFamily) {
  const UniqueFd listener = listen_on_loopback();
  const Origin origin{.addresses = {parse_address("::1")}};
  const Connecting connecting = connect_to(local_endpoint(listener.get()), origin);
  ASSERT_TRUE(wait_readable(listener.get()));
  EXPECT_EQ(accept_from(listener.get()).peer.host(), "127.0.0.1");
}

TEST(ConnectTo, ReturnsTheErrorOfBind) {
  // RFC 5737: an address for documentation.
  const Origin origin{.addresses = {parse_address("192.0.2.1")}};
  const Connecting connecting = connect_to(loopback().with_port(7), origin);
  EXPECT_FALSE(connecting.fd);
  EXPECT_EQ(connecting.error, EADDRNOTAVAIL);
}

// The class of service in the first packet of a connection to the host, as the listener saw it.
unsigned class_of_service_seen(const std::string& host, const Origin& origin) {
  const UniqueFd listener = listen_on(resolve(host, 0).front(), 1, false);
  constexpr int kOn = 1;
  ::setsockopt(listener.get(), IPPROTO_TCP, TCP_SAVE_SYN, &kOn, sizeof kOn);
  const Connecting connecting = connect_to(local_endpoint(listener.get()), origin);
  EXPECT_TRUE(wait_readable(listener.get()));
  const Accepted accepted = accept_from(listener.get());
  std::array<unsigned char, 256> syn{};
  socklen_t length = syn.size();
  EXPECT_EQ(::getsockopt(accepted.fd.get(), IPPROTO_TCP, TCP_SAVED_SYN, syn.data(), &length), 0);
  // RFC 791, section 3.1, and RFC 8200, section 3: the octet follows four bits of version, and in
  // IPv4 four more.
  const unsigned octet = syn[0] >> 4 == 4 ? syn[1] : (syn[0] & 0xFU) << 4 | syn[1] >> 4;
  return octet >> 2;
}

TEST(ConnectTo, MarksPacketsWithTheClassOfService) {
  EXPECT_EQ(class_of_service_seen("127.0.0.1", {.dscp = 46}), 46U);
  EXPECT_EQ(class_of_service_seen("::1", {.dscp = 10}), 10U);
  EXPECT_EQ(class_of_service_seen("127.0.0.1", {}), 0U);
}

TEST(CheckOrigin, AcceptsTheAddressesOfThisMachine) {
  EXPECT_NO_THROW(
      check_origin({.addresses = {parse_address("127.0.0.1"), parse_address("127.1.2.3")}}));
}

TEST(CheckOrigin, NamesWhatIsNotOfThisMachine) {
  const std::vector<std::pair<Origin, std::string>> origins{
      {{.addresses = {parse_address("127.0.0.1"), parse_address("192.0.2.1")}}, "192.0.2.1"},
      {{.addresses = {parse_address("0.0.0.0")}}, "0.0.0.0"},
      {{.addresses = {parse_address("224.0.0.1")}}, "224.0.0.1"},
      {{.addresses = {parse_address("255.255.255.255")}}, "255.255.255.255"},
      {{.device = "none0"}, "none0"}};
  for (const auto& [origin, name] : origins) {
    try {
      check_origin(origin);
      ADD_FAILURE() << name << " is accepted";
    } catch (const std::system_error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with("cannot connect from '" + name + "': "))
          << error.what();
    }
  }
}

TEST(TakeError, ReturnsTheErrorOfGetsockopt) {
  const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(take_error(file.get()), ENOTSOCK);
}

TEST(LocalEndpoint, IsEmptyWithoutAnIpAddress) {
  EXPECT_EQ(local_endpoint(-1).family(), AF_UNSPEC);
  EXPECT_EQ(local_endpoint(make_socket_pair().ours.get()).family(), AF_UNSPEC);
}

TEST(RemoteEndpoint, IsThePeersLocalEndpoint) {
  const SocketPair pair = make_tcp_pair();
  EXPECT_EQ(remote_endpoint(pair.ours.get()).to_string(),
            local_endpoint(pair.theirs.get()).to_string());
}

TEST(RemoteEndpoint, IsEmptyWithoutASocket) { EXPECT_EQ(remote_endpoint(-1).family(), AF_UNSPEC); }

TEST(Receive, ReturnsAvailableBytes) {
  const SocketPair pair = make_socket_pair();
  send(pair.theirs.get(), "hello");
  std::array<char, 8> buffer{};
  const Moved received = receive(pair.ours.get(), buffer);
  EXPECT_EQ(received.error, 0);
  EXPECT_EQ(std::string_view(buffer.data(), received.bytes), "hello");
}

TEST(Receive, RespectsTheBufferSize) {
  const SocketPair pair = make_socket_pair();
  send(pair.theirs.get(), "hello");
  std::array<char, 8> buffer{};
  const Moved received = receive(pair.ours.get(), std::span(buffer).first(3));
  EXPECT_EQ(received.bytes, 3U);
  EXPECT_STREQ(buffer.data(), "hel");
}

TEST(Receive, WouldBlockWithoutData) {
  const SocketPair pair = make_socket_pair();
  std::array<char, 1> buffer{};
  const Moved received = receive(pair.ours.get(), buffer);
  EXPECT_EQ(received.bytes, 0U);
  EXPECT_TRUE(received.would_block());
}

TEST(Receive, WouldBlockEvenOnABlockingSocket) {
  const SocketPair pair = make_socket_pair();
  make_blocking(pair.ours.get());
  std::array<char, 1> buffer{};
  EXPECT_TRUE(receive(pair.ours.get(), buffer).would_block());
}

TEST(Receive, ReturnsNeitherBytesNorAnErrorAtEof) {
  SocketPair pair = make_socket_pair();
  pair.theirs.reset();
  std::array<char, 1> buffer{};
  const Moved received = receive(pair.ours.get(), buffer);
  EXPECT_EQ(received.bytes, 0U);
  EXPECT_EQ(received.error, 0);
}

TEST(Receive, ReturnsTheErrorOfAReset) {
  SocketPair pair = make_tcp_pair();
  test::reset_on_close(pair.theirs.get());
  pair.theirs.reset();
  ASSERT_TRUE(wait_readable(pair.ours.get()));
  std::array<char, 1> buffer{};
  EXPECT_EQ(receive(pair.ours.get(), buffer).error, ECONNRESET);
}

TEST(Send, SendsThePartsInOrder) {
  std::string first = "one, ";
  std::string second = "two, ";
  std::string third = "three";
  std::array<iovec, 4> parts{{{.iov_base = first.data(), .iov_len = first.size()},
                              {.iov_base = second.data(), .iov_len = second.size()},
                              {.iov_base = nullptr, .iov_len = 0},
                              {.iov_base = third.data(), .iov_len = third.size()}}};
  SocketPair pair = make_socket_pair();
  EXPECT_EQ(send(pair.ours.get(), parts).bytes, 15U);
  pair.ours.reset();
  EXPECT_EQ(receive_to_end(pair.theirs.get()).first, "one, two, three");
}

TEST(Send, WouldBlockOnAFullSocket) {
  const SocketPair pair = make_socket_pair();
  test::fill(pair.ours.get());
  const Moved sent = send(pair.ours.get(), "x");
  EXPECT_EQ(sent.bytes, 0U);
  EXPECT_TRUE(sent.would_block());
}

TEST(Send, WouldBlockEvenOnABlockingSocket) {
  const SocketPair pair = make_socket_pair();
  test::fill(pair.ours.get());
  make_blocking(pair.ours.get());
  EXPECT_TRUE(send(pair.ours.get(), "x").would_block());
}

TEST(Send, ReturnsEpipeAndRaisesNoSigpipe) {
  // SIGPIPE is blocked, not ignored, so that it stays pending if it is raised.
  struct sigaction action {};
  struct sigaction old_action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGPIPE, &action, &old_action);
  sigset_t sigpipe{};
  sigset_t old_mask{};
  ::sigemptyset(&sigpipe);
  ::sigaddset(&sigpipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &sigpipe, &old_mask);

  SocketPair pair = make_socket_pair();
  pair.theirs.reset();
  const Moved sent = send(pair.ours.get(), "x");
  EXPECT_EQ(sent.bytes, 0U);
  EXPECT_EQ(sent.error, EPIPE);
  sigset_t pending{};
  ::sigpending(&pending);
  EXPECT_EQ(::sigismember(&pending, SIGPIPE), 0);

  ::sigaction(SIGPIPE, &old_action, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &old_mask, nullptr);
}

TEST(ShutDownSending, SendsEofAfterTheData) {
  const SocketPair pair = make_tcp_pair();
  send(pair.ours.get(), "last words");
  shut_down_sending(pair.ours.get());
  EXPECT_EQ(receive_to_end(pair.theirs.get()), std::pair(std::string("last words"), 0));
}

TEST(ShutDownSending, StillReceives) {
  const SocketPair pair = make_tcp_pair();
  shut_down_sending(pair.ours.get());
  send(pair.theirs.get(), "x");
  ASSERT_TRUE(wait_readable(pair.ours.get()));
  std::array<char, 1> buffer{};
  EXPECT_EQ(receive(pair.ours.get(), buffer).bytes, 1U);
}

TEST(ClosePolitely, SendsEofDespiteUnreadInput) {
  SocketPair pair = make_tcp_pair();
  send(pair.theirs.get(), "unread");
  ASSERT_TRUE(wait_readable(pair.ours.get()));
  send(pair.ours.get(), "sorry");
  close_politely(std::move(pair.ours));
  EXPECT_EQ(receive_to_end(pair.theirs.get()), std::pair(std::string("sorry"), 0));
}

TEST(ClosePolitely, DiscardsMoreThanOneBuffer) {
  SocketPair pair = make_socket_pair();
  test::fill(pair.theirs.get());
  send(pair.ours.get(), "sorry");
  close_politely(std::move(pair.ours));
  EXPECT_EQ(receive_to_end(pair.theirs.get()), std::pair(std::string("sorry"), 0));
}

TEST(ClosePolitely, ClosesTheSocket) {
  SocketPair pair = make_socket_pair();
  close_politely(std::move(pair.ours));
  EXPECT_EQ(send(pair.theirs.get(), "x").error, EPIPE);
}

TEST(ClosePolitely, ClosesABrokenConnection) {
  SocketPair pair = make_tcp_pair();
  test::reset_on_close(pair.theirs.get());
  pair.theirs.reset();
  ASSERT_TRUE(wait_readable(pair.ours.get()));
  const int fd = pair.ours.get();
  close_politely(std::move(pair.ours));
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

}  // namespace
}  // namespace echo
