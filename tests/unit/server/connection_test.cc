#include "echo/server/connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "echo/server/block_pool.h"
#include "echo/server/message_queue.h"
#include "support/program.h"
#include "support/socket_pair.h"
#include "support/start.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using test::kStart;
using test::make_socket_pair;
using test::make_tcp_pair;
using test::SocketPair;
using test::wait_readable;
constexpr Time kLater = kStart + 1s;
constexpr Time kLatest = kStart + 2s;

// Returns the first pending bytes.
std::string head(const MessageQueue& queue) {
  std::array<char, 100> buffer{};
  return std::string(queue.copy(0, buffer));
}

// A connection and its peer.
struct Link {
  explicit Link(std::size_t max_queue = 100, SocketPair pair = make_socket_pair())
      : peer(std::move(pair.theirs)),
        connection(std::move(pair.ours), Endpoint(), max_queue, kStart) {}

  // Receives once. Returns the bytes that the connection has queued.
  std::string receive(Time now = kLater) {
    const std::size_t pending = connection.queue().bytes();
    std::string chunk(connection.receive(pool, now), '\0');
    connection.queue().copy(pending, chunk);
    return chunk;
  }

  // Receives in chunks until the connection wants no more or no input is left. Returns the number
  // of bytes.
  std::size_t feed_all(std::string_view text) {
    echo::send(peer.get(), text);
    return receive_all();
  }
  std::size_t receive_all() {
    std::size_t length = 0;
    while (const std::size_t chunk = connection.receive(pool, kLater)) length += chunk;
    return length;
  }

  std::size_t send(Time now = kLater) { return connection.send(pool, now); }

  // Sends the text from the peer. Returns the part that the connection receives.
  std::string feed(std::string_view text, Time now = kLater) {
    echo::send(peer.get(), text);
    return receive(now);
  }

  void feed_eof() {
    shut_down_sending(peer.get());
    receive();
  }

  // Returns the bytes that the peer can read now.
  std::string peer_receives() {
    std::string text;
    for (;;) {
      const Moved received = echo::receive(peer.get(), buffer);
      if (received.bytes == 0) return text;
      text.append(buffer.data(), received.bytes);
    }
  }

  bool peer_gets_eof() {
    const Moved received = echo::receive(peer.get(), buffer);
    return received.bytes == 0 && received.error == 0;
  }

  std::vector<char> buffer = std::vector<char>(1 << 20);
  BlockPool pool;
  UniqueFd peer;
  Connection connection;
};

// A socket with a small send buffer. `room` is the number of bytes that one send takes.
struct Narrow {
  Narrow() {
    for (SocketPair* each : {&pair, &probe}) {
      constexpr int kSmall = 1;
      ::setsockopt(each->ours.get(), SOL_SOCKET, SO_SNDBUF, &kSmall, sizeof kSmall);
    }
    room = send(probe.ours.get(), std::string(100000, 'x')).bytes;
  }

  SocketPair pair = make_socket_pair();
  SocketPair probe = make_socket_pair();
  std::size_t room = 0;
};

void expect_idle(const Connection& connection) {
  EXPECT_FALSE(connection.wants_input());
  EXPECT_FALSE(connection.wants_output());
}

void expect_closed(const Connection& connection, int error) {
  EXPECT_EQ(connection.state(), Connection::State::kClosed);
  EXPECT_EQ(connection.error(), error);
  expect_idle(connection);
}

TEST(Connection, StartsOpenWithoutPendingBytes) {
  const Link link;
  EXPECT_EQ(link.connection.state(), Connection::State::kOpen);
  EXPECT_TRUE(link.connection.queue().empty());
  EXPECT_EQ(link.connection.error(), 0);
  EXPECT_EQ(link.connection.last_active(), kStart);
}

TEST(Connection, WantsOnlyInputWithoutPendingBytes) {
  const Link link;
  EXPECT_TRUE(link.connection.wants_input());
  EXPECT_FALSE(link.connection.wants_output());
}

TEST(Connection, ReturnsThePeersAddress) {
  const Endpoint peer = resolve("192.0.2.1", 7).front();
  const Connection connection(UniqueFd(), peer, 1, kStart);
  EXPECT_EQ(connection.peer().to_string(), "192.0.2.1:7");
}

TEST(Connection, QueuesReceivedBytes) {
  Link link;
  EXPECT_EQ(link.feed("hello"), "hello");
  EXPECT_EQ(head(link.connection.queue()), "hello");
  EXPECT_TRUE(link.connection.wants_input());
  EXPECT_TRUE(link.connection.wants_output());
}

TEST(Connection, SendsReceivedBytesBackInOrder) {
  Link link;
  link.feed("one, ");
  link.feed("two");
  EXPECT_EQ(link.send(kLater), 8U);
  EXPECT_EQ(link.peer_receives(), "one, two");
  EXPECT_TRUE(link.connection.queue().empty());
  EXPECT_FALSE(link.connection.wants_output());
}

TEST(Connection, RecordsTheTimeOfReceiving) {
  Link link;
  link.feed("x", kLater);
  EXPECT_EQ(link.connection.last_active(), kLater);
}

TEST(Connection, RecordsTheTimeOfSending) {
  Link link;
  link.feed("x", kLater);
  link.send(kLatest);
  EXPECT_EQ(link.connection.last_active(), kLatest);
}

TEST(Connection, IsUnchangedWithoutInput) {
  Link link;
  EXPECT_EQ(link.receive(kLater), "");
  EXPECT_EQ(link.connection.state(), Connection::State::kOpen);
  EXPECT_EQ(link.connection.last_active(), kStart);
  EXPECT_TRUE(link.connection.wants_input());
}

TEST(Connection, IsUnchangedOnAFullSocket) {
  Link link;
  link.feed("x", kLater);
  test::fill(link.connection.fd());
  EXPECT_EQ(link.send(kLatest), 0U);
  EXPECT_EQ(link.connection.state(), Connection::State::kOpen);
  EXPECT_EQ(head(link.connection.queue()), "x");
  EXPECT_EQ(link.connection.last_active(), kLater);
  EXPECT_TRUE(link.connection.wants_output());
}

TEST(Connection, IsUnchangedWithoutPendingBytes) {
  Link link;
  EXPECT_EQ(link.send(kLater), 0U);
  EXPECT_EQ(link.connection.state(), Connection::State::kOpen);
  EXPECT_EQ(link.connection.last_active(), kStart);
}

TEST(Connection, StopsReadingAtExactlyMaxQueue) {
  Link link(10);
  link.feed("123456789");
  EXPECT_TRUE(link.connection.wants_input());
  link.feed("0");
  EXPECT_FALSE(link.connection.wants_input());
  EXPECT_TRUE(link.connection.wants_output());
}

TEST(Connection, NeverReceivesBeyondMaxQueue) {
  Link link(10);
  EXPECT_EQ(link.feed("1234567"), "1234567");
  EXPECT_EQ(link.feed("890and more"), "890");
  EXPECT_EQ(link.connection.queue().bytes(), 10U);
}

TEST(Connection, LeavesInputInTheSocketWhilePaused) {
  Link link(4);
  link.feed("1234", kLater);
  EXPECT_EQ(link.feed("5678", kLatest), "");
  EXPECT_EQ(link.connection.last_active(), kLater);
  link.send(kLatest);
  EXPECT_EQ(link.receive(), "5678");
}

// Fills the queue and sends once: `room` bytes leave, the rest does not fit into the socket.
bool wants_input_after_one_send(std::size_t room, std::size_t max_queue, SocketPair pair) {
  Link link(max_queue, std::move(pair));
  EXPECT_EQ(link.feed_all(std::string(max_queue, 'x')), max_queue);
  EXPECT_FALSE(link.connection.wants_input());
  EXPECT_EQ(link.send(kLater), room);
  return link.connection.wants_input();
}

TEST(Connection, ReadsAgainOnceHalfTheQueueIsGone) {
  Narrow narrow;
  EXPECT_TRUE(wants_input_after_one_send(narrow.room, 2 * narrow.room, std::move(narrow.pair)));
}

TEST(Connection, StaysPausedWhileMoreThanHalfIsPending) {
  Narrow narrow;
  EXPECT_FALSE(
      wants_input_after_one_send(narrow.room, 2 * narrow.room + 1, std::move(narrow.pair)));
}

TEST(Connection, ReadsUntilTheQueueIsFull) {
  Link link(10);
  link.feed("12345678");
  EXPECT_TRUE(link.connection.wants_input());
  EXPECT_EQ(link.feed("9"), "9");
}

TEST(Connection, RefillsTheQueueAfterAShortWrite) {
  Narrow narrow;
  const std::size_t max_queue = 2 * narrow.room;
  Link link(max_queue, std::move(narrow.pair));
  send(link.peer.get(), std::string(2 * max_queue, 'x'));
  EXPECT_EQ(link.receive_all(), max_queue);
  link.send(kLater);
  EXPECT_EQ(link.receive_all(), narrow.room);
  EXPECT_EQ(link.connection.queue().bytes(), max_queue);
  EXPECT_FALSE(link.connection.wants_input());
}

TEST(Connection, EchoesByteByByteWithMaxQueueOne) {
  Link link(1);
  const std::string text = "slow";
  send(link.peer.get(), text);
  for (const char byte : text) {
    EXPECT_EQ(link.receive(), std::string(1, byte));
    EXPECT_FALSE(link.connection.wants_input());
    EXPECT_EQ(link.send(kLater), 1U);
    EXPECT_TRUE(link.connection.wants_input());
  }
  EXPECT_EQ(link.peer_receives(), text);
}

TEST(Connection, ClosesAtEofWithoutPendingBytes) {
  Link link;
  link.feed_eof();
  expect_closed(link.connection, 0);
}

TEST(Connection, DrainsAtEofWithPendingBytes) {
  Link link;
  link.feed("hello");
  link.feed_eof();
  EXPECT_EQ(link.connection.state(), Connection::State::kDraining);
  EXPECT_FALSE(link.connection.wants_input());
  EXPECT_TRUE(link.connection.wants_output());
}

TEST(Connection, DoesNotCountEofAsActivity) {
  Link link;
  link.feed("x", kLater);
  shut_down_sending(link.peer.get());
  link.receive(kLatest);
  ASSERT_EQ(link.connection.state(), Connection::State::kDraining);
  EXPECT_EQ(link.connection.last_active(), kLater);
}

TEST(Connection, ClosesAfterDraining) {
  Link link;
  link.feed("hello");
  link.feed_eof();
  EXPECT_EQ(link.send(kLater), 5U);
  expect_closed(link.connection, 0);
  EXPECT_EQ(link.peer_receives(), "hello");
}

TEST(Connection, ContinuesDrainingAfterAShortWrite) {
  Narrow narrow;
  Link link(1 << 20, std::move(narrow.pair));
  link.feed_all(std::string(2 * narrow.room, 'x'));
  link.feed_eof();
  EXPECT_EQ(link.send(kLater), narrow.room);
  EXPECT_EQ(link.connection.state(), Connection::State::kDraining);
  EXPECT_TRUE(link.connection.wants_output());
  EXPECT_EQ(link.peer_receives().size(), narrow.room);
  EXPECT_EQ(link.send(kLater), narrow.room);
  expect_closed(link.connection, 0);
}

TEST(Connection, ReadsNothingWhileDraining) {
  Link link(4);
  link.feed("1234");
  link.send(kLater);
  link.feed("12");
  link.feed_eof();
  EXPECT_EQ(link.receive(kLatest), "");
  EXPECT_EQ(link.connection.state(), Connection::State::kDraining);
  EXPECT_EQ(link.connection.last_active(), kLater);
}

TEST(Connection, SendsEofOnHangUp) {
  Link link;
  link.connection.hang_up(kLater);
  EXPECT_EQ(link.connection.state(), Connection::State::kLingering);
  EXPECT_TRUE(link.connection.wants_input());
  EXPECT_FALSE(link.connection.wants_output());
  EXPECT_TRUE(link.peer_gets_eof());
}

TEST(Connection, CountsTheHangUpAsActivity) {
  Link link;
  link.connection.hang_up(kLater);
  EXPECT_EQ(link.connection.last_active(), kLater);
}

TEST(Connection, DiscardsInputAfterTheHangUp) {
  Link link;
  link.connection.hang_up(kStart);
  EXPECT_EQ(link.feed("too late", kLater), "");
  EXPECT_EQ(link.connection.state(), Connection::State::kLingering);
  EXPECT_TRUE(link.connection.queue().empty());
  EXPECT_FALSE(link.connection.wants_output());
  EXPECT_EQ(link.connection.last_active(), kLater);
}

TEST(Connection, CountsDiscardedBytes) {
  Link link;
  link.feed("echoed");
  link.send(kLater);
  EXPECT_EQ(link.connection.discarded(), 0U);
  link.connection.hang_up(kStart);
  link.feed("too");
  link.feed(" late");
  EXPECT_EQ(link.connection.discarded(), 8U);
}

TEST(Connection, RemembersAHangUpAfterClosing) {
  Link left;
  left.feed_eof();
  EXPECT_FALSE(left.connection.hung_up());
  Link hung_up;
  hung_up.connection.hang_up(kStart);
  hung_up.feed_eof();
  EXPECT_TRUE(hung_up.connection.hung_up());
}

TEST(Connection, ReportsUnacknowledgedBytesOnce) {
  Link link(100, make_tcp_pair());
  test::fill(link.connection.fd());
  EXPECT_TRUE(link.connection.peer_still_reads(kLater));
  EXPECT_EQ(link.connection.last_active(), kLater);
  EXPECT_FALSE(link.connection.peer_still_reads(kLatest));
  EXPECT_EQ(link.connection.last_active(), kLater);
}

TEST(Connection, ReportsProgressWhenThePeerReceives) {
  Link link(100, make_tcp_pair());
  test::fill(link.connection.fd());
  link.connection.peer_still_reads(kLater);
  std::array<char, 4096> buffer{};
  test::wait_until([&] {
    echo::receive(link.peer.get(), buffer);
    return link.connection.peer_still_reads(kLatest);
  });
  EXPECT_EQ(link.connection.last_active(), kLatest);
}

TEST(Connection, ReportsProgressWhilePendingBytesFit) {
  Link link(100, make_tcp_pair());
  link.feed("pending");
  EXPECT_TRUE(link.connection.peer_still_reads(kLater));
  EXPECT_TRUE(link.connection.peer_still_reads(kLatest));
}

TEST(Connection, ReportsUnacknowledgedBytesWhileLingering) {
  Link link(100, make_tcp_pair());
  test::fill(link.connection.fd());
  link.connection.hang_up(kStart);
  EXPECT_TRUE(link.connection.peer_still_reads(kLater));
  EXPECT_TRUE(link.connection.peer_still_reads(kLatest));
  EXPECT_EQ(link.connection.last_active(), kLatest);
}

TEST(Connection, ReportsNoProgressIfAllIsAcknowledged) {
  Link link;
  EXPECT_FALSE(link.connection.peer_still_reads(kLater));
  EXPECT_EQ(link.connection.last_active(), kStart);
}

TEST(Connection, DiscardsMoreThanMaxQueue) {
  Link link(1);
  link.connection.hang_up(kStart);
  link.feed("all of this at once");
  link.feed_eof();
  expect_closed(link.connection, 0);
}

TEST(Connection, IsUnchangedWithoutInputAfterTheHangUp) {
  Link link;
  link.connection.hang_up(kStart);
  link.receive(kLater);
  EXPECT_EQ(link.connection.state(), Connection::State::kLingering);
  EXPECT_EQ(link.connection.last_active(), kStart);
}

TEST(Connection, ClosesAtEofAfterTheHangUp) {
  Link link;
  link.connection.hang_up(kStart);
  link.feed_eof();
  expect_closed(link.connection, 0);
}

// A TCP connection: other sockets have no resets.
struct TcpLink : Link {
  TcpLink() : Link(100, make_tcp_pair()) {}

  void reset() {
    test::reset_on_close(peer.get());
    peer.reset();
    ASSERT_TRUE(wait_readable(connection.fd()));
  }
};

TEST(Connection, ClosesOnAReset) {
  TcpLink link;
  link.reset();
  EXPECT_EQ(link.receive(), "");
  expect_closed(link.connection, ECONNRESET);
  EXPECT_EQ(link.connection.last_active(), kStart);
}

TEST(Connection, ClosesOnAResetAfterTheHangUp) {
  TcpLink link;
  link.connection.hang_up(kStart);
  link.reset();
  link.receive();
  expect_closed(link.connection, ECONNRESET);
}

TEST(Connection, ClosesIfThePeerIsGoneWhenSending) {
  Link link;
  link.feed("x", kLater);
  link.peer.reset();
  EXPECT_EQ(link.send(kLatest), 0U);
  expect_closed(link.connection, EPIPE);
  EXPECT_EQ(link.connection.last_active(), kLater);
}

TEST(Connection, ClosesIfThePeerIsGoneWhenDraining) {
  Link link;
  link.feed("x");
  link.feed_eof();
  link.peer.reset();
  link.send(kLater);
  expect_closed(link.connection, EPIPE);
}

TEST(Connection, DoesNothingAfterClosing) {
  TcpLink link;
  send(link.peer.get(), "still pending");
  ASSERT_TRUE(wait_readable(link.connection.fd()));
  link.receive(kLater);
  link.reset();
  link.receive(kLater);
  ASSERT_EQ(link.connection.state(), Connection::State::kClosed);
  EXPECT_EQ(link.receive(kLatest), "");
  EXPECT_EQ(link.send(kLatest), 0U);
  expect_closed(link.connection, ECONNRESET);
  EXPECT_EQ(link.connection.last_active(), kLater);
}

TEST(Connection, ClosesItsSocketOnDestruction) {
  SocketPair pair = make_socket_pair();
  { const Connection connection(std::move(pair.ours), Endpoint(), 1, kStart); }
  EXPECT_EQ(send(pair.theirs.get(), "x").error, EPIPE);
}

TEST(Connection, ReleasesItsSocket) {
  Link link;
  const int number = link.connection.fd();
  const UniqueFd released = link.connection.release_fd();
  EXPECT_EQ(released.get(), number);
  EXPECT_EQ(link.connection.fd(), -1);
  EXPECT_NE(::fcntl(number, F_GETFD), -1);
}

TEST(Resume, SendsThePendingBytes) {
  Link link;
  link.connection.resume("rest", false, link.pool);
  EXPECT_EQ(link.connection.state(), Connection::State::kOpen);
  EXPECT_TRUE(link.connection.wants_input());
  EXPECT_TRUE(link.connection.wants_output());
  EXPECT_EQ(link.connection.send(link.pool, kLater), 4U);
}

TEST(Resume, WaitsForInputWithoutPendingBytes) {
  Link link;
  link.connection.resume("", false, link.pool);
  EXPECT_TRUE(link.connection.wants_input());
  EXPECT_FALSE(link.connection.wants_output());
}

TEST(Resume, StaysPausedAboveMaxQueue) {
  Link link(10);
  link.connection.resume("more than ten bytes", false, link.pool);
  EXPECT_FALSE(link.connection.wants_input());
  link.connection.send(link.pool, kLater);
  EXPECT_TRUE(link.connection.wants_input());
}

TEST(Resume, SendsTheRestAndClosesAfterEof) {
  Link link;
  link.connection.resume("rest", true, link.pool);
  EXPECT_EQ(link.connection.state(), Connection::State::kDraining);
  EXPECT_EQ(link.connection.send(link.pool, kLater), 4U);
  EXPECT_EQ(link.connection.state(), Connection::State::kClosed);
}

TEST(Resume, ClosesAfterEofWithoutPendingBytes) {
  Link link;
  link.connection.resume("", true, link.pool);
  EXPECT_EQ(link.connection.state(), Connection::State::kClosed);
}

}  // namespace
}  // namespace echo
