#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include "support/program.h"
#include "support/socket_pair.h"
#include "support/test_peer.h"
#include "support/text.h"

namespace echo::test {
namespace {

class StopSignal : public testing::TestWithParam<int> {};

TEST_P(StopSignal, EndsAnIdleServerWithStatusZero) {
  ServerProgram server;
  server.signal(GetParam());
  EXPECT_EQ(server.wait_for_exit(), 0);
}

INSTANTIATE_TEST_SUITE_P(Each, StopSignal, testing::Values(SIGTERM, SIGINT, SIGHUP),
                         [](const auto& each) { return as_test_name(::strsignal(each.param)); });

TEST(Stop, SendsEofToAnIdleConnection) {
  ServerProgram server;
  TestPeer peer(server.endpoint());
  EXPECT_EQ(peer.echo("x"), "x");
  server.signal(SIGTERM);
  EXPECT_EQ(peer.receive_to_eof(), "");
  EXPECT_EQ(server.wait_for_exit(), 0);
}

TEST(Stop, DoesNotWaitForThePeersEof) {
  ServerProgram server({"--drain-timeout", "1h"});
  TestPeer peer(server.endpoint());
  EXPECT_EQ(peer.echo("x"), "x");
  EXPECT_EQ(server.stop(), 0);
}

// SIGSTOP suspends the server, so that it finds the bytes and SIGTERM together.
TEST(Stop, EchoesBytesThatArrivedBefore) {
  ServerProgram server;
  TestPeer peer(server.endpoint());
  EXPECT_EQ(peer.echo("x"), "x");
  const std::string message = random_bytes(48UL << 10);
  server.signal(SIGSTOP);
  peer.send(message);
  server.signal(SIGTERM);
  server.signal(SIGCONT);
  EXPECT_TRUE(peer.receive_to_eof() == message);
  EXPECT_EQ(server.wait_for_exit(), 0);
}

TEST(Stop, ServesAClientInTheBacklog) {
  ServerProgram server;
  server.signal(SIGSTOP);
  TestPeer peer(server.endpoint());
  peer.send("just in time");
  server.signal(SIGTERM);
  server.signal(SIGCONT);
  EXPECT_EQ(peer.receive_to_eof(), "just in time");
  EXPECT_EQ(server.wait_for_exit(), 0);
}

// More clients than one batch accepts.
TEST(Stop, ServesAllClientsInTheBacklog) {
  ServerProgram server({"-H", "127.0.0.1"});
  server.freeze();
  const std::vector<TestPeer> peers = connect_many(server.endpoint(), 200);
  for (const TestPeer& peer : peers) peer.send("just in time");
  server.signal(SIGTERM);
  server.signal(SIGCONT);
  for (const TestPeer& peer : peers) ASSERT_EQ(peer.receive_to_eof(), "just in time");
  EXPECT_EQ(server.wait_for_exit(), 0);
}

TEST(Stop, SendsPendingBytesToSlowReaders) {
  ServerProgram server({"--max-queue", "4M", "--drain-timeout", "1h"});
  const std::vector<TestPeer> peers = connect_many(server.endpoint(), 10);
  const std::vector<std::size_t> sent = send_until_stuck(peers);
  std::vector<std::size_t> reached_the_server;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    reached_the_server.push_back(sent[i] - bytes_in_flight(peers[i].fd()));
    EXPECT_GT(reached_the_server[i], 4UL << 20);
  }
  server.signal(SIGTERM);
  server.wait_for_line("SIGTERM: draining 10 connections for at most 1h");
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const std::string echoed = peers[i].receive_to_eof();
    EXPECT_GE(echoed.size(), reached_the_server[i]) << i;
    EXPECT_TRUE(echoed == std::string(echoed.size(), 'x')) << i;
  }
  EXPECT_EQ(server.wait_for_exit(), 0);
}

TEST(Stop, AcceptsNoNewConnection) {
  ServerProgram server;
  TestPeer peer(server.endpoint());
  peer.send_until_stuck();
  server.signal(SIGTERM);
  server.wait_for_line("draining");
  EXPECT_THROW(TestPeer{server.endpoint()}, std::system_error);
}

TEST(Stop, EndsAtTheDrainTimeoutWithStatusZero) {
  ServerProgram server({"--drain-timeout", "100ms"});
  const std::vector<TestPeer> peers = connect_many(server.endpoint(), 10);
  send_until_stuck(peers);
  server.signal(SIGTERM);
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const std::string line = server.wait_for_line("after the drain timeout");
    EXPECT_NE(line.find("bytes unsent: "), std::string::npos) << line;
  }
  EXPECT_EQ(server.wait_for_exit(), 0);
}

TEST(Stop, SendsEofAndNoResetAtTheDrainTimeout) {
  ServerProgram server({"--drain-timeout", "0", "--max-queue", "4K"});
  const TestPeer peer(server.endpoint());
  peer.send(std::string(50'000, 'x'));
  // The server has received a part of the message, and its kernel has acknowledged the rest.
  wait_until([&] { return bytes_in_flight(peer.fd()) == 0; });
  EXPECT_EQ(server.stop(), 0);
  EXPECT_FALSE(peer.is_reset());
}

TEST(Stop, EndsImmediatelyOnASecondSignal) {
  ServerProgram server({"--drain-timeout", "1h"});
  TestPeer peer(server.endpoint());
  peer.send_until_stuck();
  server.signal(SIGTERM);
  server.wait_for_line("draining");
  server.signal(SIGINT);
  server.wait_for_line("second signal, SIGINT: closing 1 connection");
  EXPECT_EQ(server.wait_for_exit(), 0);
}

// Signals repeatedly until the server has exited, like an impatient supervisor.
TEST(Stop, KeepsStatusZeroUnderManySignals) {
  for (int i = 0; i < 50; ++i) {
    ServerProgram server;
    TestPeer peer(server.endpoint());
    EXPECT_EQ(peer.echo("x"), "x");
    siginfo_t ended{};
    while (ended.si_pid == 0) {
      server.signal(SIGTERM);
      const auto id = static_cast<id_t>(server.pid());
      ASSERT_EQ(::waitid(P_PID, id, &ended, WEXITED | WNOHANG | WNOWAIT), 0);
    }
    ASSERT_EQ(server.wait_for_exit(), 0) << i;
  }
}

TEST(Stop, EndsWhileAPeerSendsWithoutEnd) {
  ServerProgram server({"--drain-timeout", "100ms"});
  TestPeer peer(server.endpoint());
  peer.send_until_stuck();
  Program client(ECHO_CLIENT, {"-p", std::to_string(server.port()), "-c", "4", "--quiet", "-"},
                 {.standard_input = "/dev/zero"});
  server.wait_for_line("new connection");
  EXPECT_EQ(server.stop(), 0);
  EXPECT_EQ(client.wait_for_exit(), 1);
}

TEST(Stop, IgnoresSighupUnderNohup) {
  ServerProgram server({}, {.ignored_signals = {SIGHUP}});
  server.signal(SIGHUP);
  TestPeer peer(server.endpoint());
  EXPECT_EQ(peer.echo("x"), "x");
  EXPECT_EQ(server.stop(), 0);
}

TEST(Statistics, AreLoggedOnSigusr1) {
  ServerProgram server;
  TestPeer peer(server.endpoint());
  EXPECT_EQ(peer.echo("12345"), "12345");
  server.signal(SIGUSR1);
  server.wait_for_line("statistics: 1 open, 1 accepted, 0 refused, 5 bytes in, 5 bytes out, up ");
}

TEST(Statistics, AreInTheLastLine) {
  ServerProgram server;
  EXPECT_EQ(TestPeer(server.endpoint()).echo("12345"), "12345");
  server.wait_for_line("closing");
  EXPECT_EQ(server.stop(), 0);
  const std::string& text = server.error_text();
  EXPECT_NE(text.find("done: 0 open, 1 accepted, 0 refused, 5 bytes in, 5 bytes out, up ",
                      text.rfind('\n', text.size() - 2)),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace echo::test
