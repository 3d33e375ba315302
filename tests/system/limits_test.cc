#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "echo/base/errno_text.h"
#include "echo/os/endpoint.h"
#include "echo/os/platform.h"
#include "echo/os/unique_fd.h"
#include "support/program.h"
#include "support/test_peer.h"
#include "support/text.h"

// Limits that an administrator sets.
namespace echo::test {
namespace {

// All connections of these tests come from one host, so both limits behave alike.
class ConnectionLimit : public testing::TestWithParam<std::string> {};

TEST_P(ConnectionLimit, RefusesOneMoreConnectionByEof) {
  ServerProgram server({GetParam(), "2"});
  TestPeer first(server.endpoint());
  TestPeer second(server.endpoint());
  EXPECT_EQ(first.echo("1"), "1");
  EXPECT_EQ(second.echo("2"), "2");
  EXPECT_EQ(TestPeer(server.endpoint()).receive_to_eof(), "");
  server.wait_for_line("(" + GetParam() + "); 2 open");
  EXPECT_EQ(first.echo("still"), "still");
}

TEST_P(ConnectionLimit, AcceptsAgainWhenAConnectionEnds) {
  ServerProgram server({GetParam(), "1"});
  {
    TestPeer first(server.endpoint());
    EXPECT_EQ(first.echo("1"), "1");
  }
  server.wait_for_line("closing");
  EXPECT_EQ(TestPeer(server.endpoint()).echo("2"), "2");
}

INSTANTIATE_TEST_SUITE_P(Each, ConnectionLimit,
                         testing::Values("--max-connections", "--max-per-host"),
                         [](const auto& each) {
                           return std::string(each.index == 0 ? "MaxConnections" : "MaxPerHost");
                         });

// POSIX permits a select() that takes no descriptor from FD_SETSIZE on.
TEST(SelectLimit, RefusesConnectionsThatSelectCannotTake) {
  if (max_select_fd() >= FD_SETSIZE) GTEST_SKIP() << "select() takes more descriptors";
  if (!allow_descriptors(2UL * FD_SETSIZE)) GTEST_SKIP() << "too few descriptors";
  ServerProgram server({"-b", "1000"});
  const std::vector<TestPeer> served = connect_many(server.endpoint(), FD_SETSIZE - 100);
  for (const TestPeer& peer : served) ASSERT_EQ(peer.echo("served"), "served");
  // connect_many() has the same limit.
  std::vector<TestPeer> more;
  for (int i = 0; i < 200; ++i) {
    const Endpoint to = server.endpoint();
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(::connect(fd.get(), to.address(), to.length()), 0);
    more.emplace_back(std::move(fd));
  }
  EXPECT_EQ(more.back().receive_to_eof(), "");
  server.wait_for_line("(select())");
  for (const TestPeer& peer : served) ASSERT_EQ(peer.echo("still"), "still");
}

TEST(SelectLimit, EndsTheConnectionsOfAClientThatNeedsMore) {
  if (max_select_fd() >= FD_SETSIZE) GTEST_SKIP() << "select() takes more descriptors";
  if (!allow_descriptors(2UL * FD_SETSIZE)) GTEST_SKIP() << "too few descriptors";
  const ServerProgram server({"-b", "1000"});
  const Outcome client = run(ECHO_CLIENT, {"-p", std::to_string(server.endpoint().port()), "-c",
                                           std::to_string(FD_SETSIZE), "-n", "1"});
  EXPECT_EQ(client.status, 1);
  EXPECT_TRUE(has(client.error, ErrnoText{EMFILE}.to_string())) << client.error;
}

TEST(MaxConnections, CountsRefusalsAndLogsOneLine) {
  ServerProgram server({"-c", "1"});
  TestPeer first(server.endpoint());
  EXPECT_EQ(first.echo("1"), "1");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(TestPeer(server.endpoint()).receive_to_eof(), "");
  server.signal(SIGUSR1);
  server.wait_for_line("1 open, 1 accepted, 100 refused");
  const std::string& text = server.error_text();
  EXPECT_EQ(text.find("connections refused"), text.rfind("connections refused"));
}

TEST(MaxPerHost, ServesAnotherHost) {
  ServerProgram server({"-H", "127.0.0.1", "--max-per-host", "1"});
  TestPeer first(server.endpoint());
  EXPECT_EQ(first.echo("1"), "1");
  EXPECT_EQ(TestPeer::from("127.0.0.2", server.endpoint()).echo("2"), "2");
}

TEST(IdleTimeout, ClosesTenThousandIdleConnectionsOnly) {
  constexpr std::size_t kCrowd = 10'000;
  if (!allow_descriptors(kCrowd + 100)) {
    GTEST_SKIP() << "the hard limit of descriptors (ulimit -Hn) is below " << kCrowd + 100;
  }
  ServerProgram server({"-H", "127.0.0.1", "--idle-timeout", "2s", "--quiet"});
  TestPeer busy(server.endpoint());
  std::vector<TestPeer> silent;
  silent.reserve(kCrowd);
  for (std::size_t i = 0; i < kCrowd; ++i) {
    silent.emplace_back(server.endpoint());
    if (i % 10 == 0) {
      ASSERT_EQ(busy.echo("busy"), "busy");
    }
  }
  for (const TestPeer& peer : silent) {
    while (!peer.has_input()) ASSERT_EQ(busy.echo("busy"), "busy");
    ASSERT_EQ(peer.receive_to_eof(), "");
  }
  EXPECT_EQ(busy.echo("still here"), "still here");
}

// A socket that is closed in repair mode (TCP_REPAIR) sends neither FIN nor RST, like a machine
// that loses power. Here the kernel still answers the keepalive probe with a reset.
TEST(Keepalive, DetectsAVanishedPeer) {
  ServerProgram server({"-H", "127.0.0.1", "--keepalive", "1s"});
  std::string address;
  {
    TestPeer peer(server.endpoint());
    EXPECT_EQ(peer.echo("here"), "here");
    address = peer.local().to_string();
    constexpr int kOn = 1;
    if (::setsockopt(peer.fd(), IPPROTO_TCP, TCP_REPAIR, &kOn, sizeof kOn) != 0) {
      GTEST_SKIP() << "TCP_REPAIR is not permitted here";
    }
  }
  server.wait_for_line("closing " + address + " after an error: Connection reset by peer");
}

// A server that starts with a small stack (ulimit -s) never overflows it later.
class SmallStack : public testing::Test {
 protected:
  void SetUp() override {
    const Outcome outcome = run(ECHO_SERVER, {"--version"}, {}, small());
    if (outcome.status != 0) GTEST_SKIP() << "no program starts with such a small stack";
  }

  static void expect_alive(ServerProgram& server) {
    server.signal(SIGUSR1);
    server.wait_for_line("statistics: ");
    EXPECT_EQ(server.stop(), 0);
  }

  static LaunchSettings small() { return {.stack = 40UL * 1024}; }
};

TEST_F(SmallStack, SurvivesAnIdleTimeout) {
  ServerProgram server({"--idle-timeout", "1ms"}, small());
  EXPECT_EQ(TestPeer(server.endpoint()).receive_to_eof(), "");
  expect_alive(server);
}

TEST_F(SmallStack, SurvivesARefusal) {
  ServerProgram server({"--max-connections", "1"}, small());
  const TestPeer first(server.endpoint());
  EXPECT_EQ(first.echo("1"), "1");
  EXPECT_EQ(TestPeer(server.endpoint()).receive_to_eof(), "");
  expect_alive(server);
}

TEST_F(SmallStack, SurvivesEventsOnIdleConnections) {
  ServerProgram server({}, small());
  const std::vector<TestPeer> peers = connect_many(server.endpoint(), 100);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(peers.front().echo("busy"), "busy");
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("heard"), "heard");
  expect_alive(server);
}

}  // namespace
}  // namespace echo::test
