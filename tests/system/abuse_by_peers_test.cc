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

// What others on the network can do.
namespace echo::test {
namespace {

constexpr std::size_t kSmallQueue = 32UL * 1024;

// So small that the server is soon stuck with what it owes them.
std::vector<TestPeer> connect_many_with_small_buffers(const Endpoint& server, std::size_t count) {
  constexpr int kBuffers = 32 * 1024;
  std::vector<TestPeer> peers;
  peers.reserve(count);
  while (peers.size() < count) peers.push_back(TestPeer::with_buffers(server, kBuffers));
  return peers;
}

TEST_F(Abuse, HundredsThatSendAByteAtATimeGetEachBack) {
  start();
  const std::vector<TestPeer> dribblers = connect_many(endpoint(), 300);
  const std::string words = random_bytes(dribblers.size() + 20);
  for (std::size_t round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < dribblers.size(); ++i) {
      dribblers[i].send(words.substr(i + round, 1));
    }
    for (std::size_t i = 0; i < dribblers.size(); ++i) {
      ASSERT_EQ(dribblers[i].receive(1), words.substr(i + round, 1)) << i;
    }
    hear_witness();
  }
}

TEST_F(Abuse, HundredsThatNeverReadAreReadNoFurtherThanTheirQueues) {
  start({"--max-queue", std::to_string(kSmallQueue)});
  const std::vector<TestPeer> peers = connect_many_with_small_buffers(endpoint(), 200);
  send_until_owed(peers, kSmallQueue);
  EXPECT_GT(server().own_memory(), memory_before() + peers.size() * kSmallQueue);
  // A block that is mapped by itself takes two pages; and there is something for the tables.
  EXPECT_LT(server().own_memory(), memory_before() + peers.size() * 3 * kSmallQueue + kMaxKept);
}

TEST_F(Abuse, HundredsThatReadSlowlyGetEverything) {
  start({"--max-queue", std::to_string(kSmallQueue)});
  const std::vector<TestPeer> peers = connect_many_with_small_buffers(endpoint(), 100);
  std::vector<std::size_t> owed = send_until_stuck(peers);
  for (const TestPeer& peer : peers) peer.shut_down_sending();
  constexpr std::size_t kBite = 5000;
  for (bool any_owed = true; any_owed;) {
    any_owed = false;
    for (std::size_t i = 0; i < peers.size(); ++i) {
      const std::string bite = peers[i].receive(std::min(kBite, owed[i]));
      ASSERT_EQ(bite, std::string(std::min(kBite, owed[i]), 'x')) << i;
      owed[i] -= bite.size();
      any_owed = any_owed || owed[i] > 0;
    }
    hear_witness();
  }
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.receive_to_eof(), "");
}

TEST_F(Abuse, OneThatReadsAtLastGetsEverything) {
  start({"--max-queue", "4M"});
  const TestPeer peer(endpoint());
  const std::size_t sent = peer.send_until_stuck();
  peer.shut_down_sending();
  hear_witness();
  EXPECT_TRUE(peer.receive_to_eof() == std::string(sent, 'x'));
}

TEST_F(Abuse, TheSmallestWindowGetsAnExactEcho) {
  start();
  const TestPeer peer = TestPeer::with_buffers(endpoint(), 1);
  const std::string message = random_bytes(64UL * 1024);
  EXPECT_TRUE(peer.echo(message) == message);
}

TEST_F(Abuse, HundredsOfResetsCostThoseConnectionsOnly) {
  start();
  std::vector<TestPeer> peers = connect_many(endpoint(), 300);
  for (TestPeer& peer : peers) {
    EXPECT_EQ(peer.echo("x"), "x");
    peer.reset();
    hear_witness();
  }
  end_abuse();
  EXPECT_EQ(count_lines(server().error_text(), "after an error: Connection reset by peer"), 300U);
}

TEST_F(Abuse, HundredsOfResetsWhileTheyAreOwedCostThoseConnectionsOnly) {
  start({"--max-queue", std::to_string(kSmallQueue)});
  std::vector<TestPeer> peers = connect_many_with_small_buffers(endpoint(), 200);
  send_until_owed(peers, kSmallQueue);
  for (TestPeer& peer : peers) {
    peer.reset();
    hear_witness();
  }
  end_abuse();
  EXPECT_EQ(count_lines(server().error_text(), ", bytes unsent: "), 200U);
}

// What the server still sends is answered by a reset: a broken pipe.
TEST_F(Abuse, HundredsThatCloseWithTheirEchoUnreadCostThoseConnectionsOnly) {
  start();
  const std::string message = random_bytes(100UL * 1024);
  for (int i = 0; i < 200; ++i) {
    TestPeer(endpoint()).send(message);
    hear_witness();
  }
}

TEST_F(Abuse, EightThousandThatConnectAndLeaveAtOnce) {
  start();
  for (int i = 0; i < 8000; ++i) {
    TestPeer peer(endpoint());
    if (i % 3 == 1) peer.reset();
    if (i % 3 == 2) peer.shut_down_sending();
    if (i % 50 == 0) hear_witness();
  }
}

// They keep their sockets: only the server closes its own.
TEST_F(Abuse, ThousandsOfHalfClosedConnectionsAreClosed) {
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
    if (i % 50 == 0) hear_witness();
  }
  end_abuse();
}

// Their machine has lost its power: neither FIN nor RST comes. A socket that is closed under repair
// leaves so.
TEST_F(Abuse, PeersThatVanishAreClosedOnceTheyHaveBeenIdle) {
  start({"--idle-timeout", "3s"});
  for (int i = 0; i < 1000; ++i) {
    if (i % 50 == 0) hear_witness();
    const TestPeer peer(endpoint());
    EXPECT_EQ(peer.echo("here"), "here");
    constexpr int kOn = 1;
    if (::setsockopt(peer.fd(), IPPROTO_TCP, TCP_REPAIR, &kOn, sizeof kOn) != 0) {
      GTEST_SKIP() << "TCP_REPAIR is not permitted here";
    }
  }
  server().wait_for_line("after 3s without a byte");
}

TEST_F(Abuse, UrgentDataInTheMiddleOfAStreamClosesThatConnection) {
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
    hear_witness();
  }
}

TEST_F(Abuse, UrgentDataWithoutEndClosesThatConnection) {
  start();
  const auto send_urgent_without_end = [&] {
    const TestPeer peer(endpoint());
    for (int i = 0; i < 1'000'000; ++i) peer.send_urgent('!');
  };
  for (int i = 0; i < 100; ++i) {
    ASSERT_THROW(send_urgent_without_end(), std::system_error);
    hear_witness();
  }
}

// They have gone when the server finds them in its backlog.
TEST_F(Abuse, ThoseThatResetBeforeTheyAreAcceptedLeaveNothingBehind) {
  start();
  server().freeze();
  for (int i = 0; i < 400; ++i) TestPeer(endpoint()).reset();
  server().signal(SIGCONT);
  end_abuse();
  EXPECT_EQ(count_lines(server().error_text(), "after an error: Connection reset by peer"), 400U);
}

// Of the ports that no other test has, and the server's among them.
TEST_F(Abuse, APortScanIsHarmless) {
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

TEST_F(Abuse, HundredsThatConnectWithoutAWordCostNothing) {
  start();
  const std::vector<TestPeer> silent = connect_many(endpoint(), 500);
  wait_for_descriptors(descriptors_before() + silent.size());
  for (const TestPeer& peer : silent) EXPECT_FALSE(peer.has_input());
}

// Bytes that would forge a line, rule a terminal, or break who reads the log as UTF-8.
TEST_F(Abuse, NothingThatAPeerSendsRulesTheLog) {
  start({"--verbose"});
  std::string all_bytes;
  for (int value = 0; value < 256; ++value) all_bytes += static_cast<char>(value);
  const std::vector<std::string> messages = {
      "\nnew connection from 192.0.2.1:1\n",
      "\r\n2026-01-01 00:00:00.000 new connection from 192.0.2.1:1\r\n",
      "\" from 192.0.2.1:1\nclosing 192.0.2.1:1 after reading no data\n",
      "\x1b[2J\x1b]0;title\x07\x1b[31m\x9b\x33\x31m\b\b\b\x7f",
      // Overlong, a surrogate, no UTF-8 at all, beyond its end, cut short.
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
    hear_witness();
  }
  end_abuse();

  const std::string address = R"(127\.0\.0\.1:\d+)";
  const std::string payload =
      R"("([ !#-\[\]-~]|\\["\\nrt]|\\x[0-9a-f]{2}){1,64}"(\.\.\. \(\d+ bytes\))?)";
  const std::string expected =
      R"(starting up on 127\.0\.0\.1 port \d+|waiting for the next event|SIGTERM: draining, .*|)"
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
