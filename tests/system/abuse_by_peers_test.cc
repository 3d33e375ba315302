#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "echo/os/endpoint.h"
#include "support/abuse.h"
#include "support/program.h"
#include "support/test_peer.h"
#include "support/text.h"

// Abuse by peers on the network.
namespace echo::test {
namespace {

constexpr std::size_t kSmallQueue = 32UL * 1024;

// Connects peers with small buffers, so that the queues of the server fill up soon.
std::vector<TestPeer> connect_many_with_small_buffers(const Endpoint& server, std::size_t count) {
  constexpr int kBuffers = 32 * 1024;
  std::vector<TestPeer> peers;
  peers.reserve(count);
  while (peers.size() < count) peers.push_back(TestPeer::with_buffers(server, kBuffers));
  return peers;
}

TEST_F(Abuse, EchoesHundredsOfByteByByteSenders) {
  start();
  const std::vector<TestPeer> senders = connect_many(endpoint(), 300);
  const std::string bytes = random_bytes(senders.size() + 20);
  for (std::size_t round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < senders.size(); ++i) {
      senders[i].send(bytes.substr(i + round, 1));
    }
    for (std::size_t i = 0; i < senders.size(); ++i) {
      ASSERT_EQ(senders[i].receive(1), bytes.substr(i + round, 1)) << i;
    }
    check_witness();
  }
}

TEST_F(Abuse, BoundsTheQueuesOfPeersThatNeverRead) {
  start({"--max-queue", std::to_string(kSmallQueue)});
  const std::vector<TestPeer> peers = connect_many_with_small_buffers(endpoint(), 200);
  send_until_pending(peers, kSmallQueue);
  EXPECT_GT(server().own_memory(), memory_before() + peers.size() * kSmallQueue);
  // Each block has a mapping of its own, one page longer than the block. The tables take less than
  // kMaxKept.
  EXPECT_LT(server().own_memory(), memory_before() + peers.size() * 3 * kSmallQueue + kMaxKept);
}

TEST_F(Abuse, LosesNoByteForSlowReaders) {
  start({"--max-queue", std::to_string(kSmallQueue)});
  const std::vector<TestPeer> peers = connect_many_with_small_buffers(endpoint(), 100);
  std::vector<std::size_t> pending = send_until_stuck(peers);
  for (const TestPeer& peer : peers) peer.shut_down_sending();
  constexpr std::size_t kChunk = 5000;
  for (bool any_pending = true; any_pending;) {
    any_pending = false;
    for (std::size_t i = 0; i < peers.size(); ++i) {
      const std::string chunk = peers[i].receive(std::min(kChunk, pending[i]));
      ASSERT_EQ(chunk, std::string(std::min(kChunk, pending[i]), 'x')) << i;
      pending[i] -= chunk.size();
      any_pending = any_pending || pending[i] > 0;
    }
    check_witness();
  }
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.receive_to_eof(), "");
}

TEST_F(Abuse, LosesNoByteForALateReader) {
  start({"--max-queue", "4M"});
  const TestPeer peer(endpoint());
  const std::size_t sent = peer.send_until_stuck();
  peer.shut_down_sending();
  check_witness();
  EXPECT_TRUE(peer.receive_to_eof() == std::string(sent, 'x'));
}

TEST_F(Abuse, EchoesThroughTheSmallestWindow) {
  start();
  const TestPeer peer = TestPeer::with_buffers(endpoint(), 1);
  const std::string message = random_bytes(64UL * 1024);
  EXPECT_TRUE(peer.echo(message) == message);
}

TEST_F(Abuse, ClosesOnlyConnectionsThatAreReset) {
  start();
  std::vector<TestPeer> peers = connect_many(endpoint(), 300);
  for (TestPeer& peer : peers) {
    EXPECT_EQ(peer.echo("x"), "x");
    peer.reset();
    check_witness();
  }
  end_abuse();
  EXPECT_EQ(count_lines(server().error_text(), "after an error: Connection reset by peer"), 300U);
}

TEST_F(Abuse, ClosesOnlyResetConnectionsWithPendingBytes) {
  start({"--max-queue", std::to_string(kSmallQueue)});
  std::vector<TestPeer> peers = connect_many_with_small_buffers(endpoint(), 200);
  send_until_pending(peers, kSmallQueue);
  for (TestPeer& peer : peers) {
    peer.reset();
    check_witness();
  }
  end_abuse();
  EXPECT_EQ(count_lines(server().error_text(), ", bytes unsent: "), 200U);
}

// The kernel of a closed peer answers further data with a reset, and the server gets EPIPE.
TEST_F(Abuse, ClosesOnlyPeersThatLeaveTheirEchoUnread) {
  start();
  const std::string message = random_bytes(100UL * 1024);
  for (int i = 0; i < 200; ++i) {
    TestPeer(endpoint()).send(message);
    check_witness();
  }
}

TEST_F(Abuse, LeaksNothingOverEightThousandShortConnections) {
  start();
  for (int i = 0; i < 8000; ++i) {
    TestPeer peer(endpoint());
    if (i % 3 == 1) peer.reset();
    if (i % 3 == 2) peer.shut_down_sending();
    if (i % 50 == 0) check_witness();
  }
}

// The peers keep their sockets open. Only the server closes.
TEST_F(Abuse, ClosesThousandsOfHalfClosedConnections) {
  constexpr std::size_t kPeers = 3000;
  if (!allow_descriptors(kPeers + 100)) {
    GTEST_SKIP() << "the hard limit of descriptors (ulimit -Hn) is below " << kPeers + 100;
  }
  start();
  std::vector<TestPeer> peers;
  for (std::size_t i = 0; i < kPeers; ++i) {
    peers.emplace_back(endpoint());
    if (i % 2 == 0) peers.back().send("never read");
    peers.back().shut_down_sending();
    if (i % 50 == 0) check_witness();
  }
  end_abuse();
}

// A socket that is closed in repair mode (TCP_REPAIR) sends neither FIN nor RST, like a machine
// that loses power.
TEST_F(Abuse, ClosesVanishedPeersAtTheIdleTimeout) {
  start({"--idle-timeout", "3s"});
  for (int i = 0; i < 1000; ++i) {
    if (i % 50 == 0) check_witness();
    const TestPeer peer(endpoint());
    EXPECT_EQ(peer.echo("here"), "here");
    constexpr int kOn = 1;
    if (::setsockopt(peer.fd(), IPPROTO_TCP, TCP_REPAIR, &kOn, sizeof kOn) != 0) {
      GTEST_SKIP() << "TCP_REPAIR is not permitted here";
    }
  }
  server().wait_for_line("after 3s without a byte");
}

TEST_F(Abuse, ClosesAConnectionOnUrgentData) {
  start();
  const std::string message = random_bytes(20'000);
  for (int i = 0; i < 200; ++i) {
    const TestPeer peer(endpoint());
    const std::string address = peer.local().to_string();
    peer.send(message);
    peer.send_urgent('!');
    server().wait_for_line("handling exceptional condition for " + address);
    server().wait_for_line("closing " + address + " after an exceptional condition");
    ASSERT_TRUE(message.starts_with(peer.receive_to_eof())) << i;
    check_witness();
  }
}

TEST_F(Abuse, ClosesAConnectionOnEndlessUrgentData) {
  start();
  const auto send_urgent_without_end = [&] {
    const TestPeer peer(endpoint());
    for (int i = 0; i < 1'000'000; ++i) peer.send_urgent('!');
  };
  for (int i = 0; i < 100; ++i) {
    ASSERT_THROW(send_urgent_without_end(), std::system_error);
    check_witness();
  }
}

// The connections are already reset when the server accepts them.
TEST_F(Abuse, LeaksNothingAfterResetsBeforeAccept) {
  start();
  server().freeze();
  for (int i = 0; i < 400; ++i) TestPeer(endpoint()).reset();
  server().signal(SIGCONT);
  end_abuse();
  EXPECT_EQ(count_lines(server().error_text(), "after an error: Connection reset by peer"), 400U);
}

// Scans ports 1 to 1000, which no other test uses, and the port of the server.
TEST_F(Abuse, SurvivesAPortScan) {
  start();
  std::vector<int> ports(1000);
  std::iota(ports.begin(), ports.end(), 1);
  ports.insert(ports.begin() + 500, endpoint().port());
  for (const int port : ports) {
    try {
      TestPeer(endpoint().with_port(static_cast<std::uint16_t>(port))).reset();
    } catch (const std::system_error&) {
      EXPECT_NE(port, endpoint().port());
    }
  }
}

TEST_F(Abuse, KeepsHundredsOfIdleConnectionsOpen) {
  start();
  const std::vector<TestPeer> idle = connect_many(endpoint(), 500);
  wait_for_descriptors(descriptors_before() + idle.size());
  for (const TestPeer& peer : idle) EXPECT_FALSE(peer.has_input());
}

// The messages try to forge a log line, to control a terminal, and to break a UTF-8 decoder.
TEST_F(Abuse, EscapesAllPeerDataInTheLog) {
  start({"--verbose"});
  std::string all_bytes;
  for (int value = 0; value < 256; ++value) all_bytes += static_cast<char>(value);
  const std::vector<std::string> messages = {
      "\nnew connection from 192.0.2.1:1\n",
      "\r\n2026-01-01 00:00:00.000 new connection from 192.0.2.1:1\r\n",
      "\" from 192.0.2.1:1\nclosing 192.0.2.1:1 after reading no data\n",
      "\x1b[2J\x1b]0;title\x07\x1b[31m\x9b\x33\x31m\b\b\b\x7f",
      // Invalid UTF-8: overlong, a surrogate, invalid bytes, above U+10FFFF, truncated.
      "\xc0\xaf\xed\xa0\x80\xff\xfe\xf5\x80\x80\x80\xe2\x80",
      all_bytes.substr(0, 60),
      all_bytes.substr(60, 60),
      all_bytes.substr(120, 60),
      all_bytes.substr(180),
      std::string(60'000, '\n'),
      std::string(60'000, 'a'),
  };
  for (const std::string& message : messages) {
    const TestPeer peer(endpoint());
    EXPECT_EQ(peer.echo(message), message);
    server().wait_for_line("output queue for " + peer.local().to_string());
    check_witness();
  }
  end_abuse();

  const std::string address = R"(127\.0\.0\.1:\d+)";
  const std::string payload =
      R"("([ !#-\[\]-~]|\\["\\nrt]|\\x[0-9a-f]{2}){1,64}"(\.\.\. \(\d+ bytes\))?)";
  const std::string expected =
      R"(starting up on 127\.0\.0\.1 port \d+|waiting for the next event|SIGTERM: draining .*|)"
      R"(done: .*|new connection from )" +
      address + "|received " + payload + " from " + address + "|sending " + payload + " to " +
      address + "|output queue for " + address + " is empty|closing " + address +
      " after reading no data";
  std::istringstream lines(server().error_text());
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(matches(line, expected)) << line;
  }
}

}  // namespace
}  // namespace echo::test
