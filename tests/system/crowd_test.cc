#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/program.h"
#include "support/test_peer.h"

namespace echo::test {
namespace {

constexpr std::size_t kConnections = 10'000;
constexpr std::size_t kSpare = 100;

TEST(ManyConnections, EchoesOnTenThousandConnections) {
  if (!allow_descriptors(kConnections + kSpare)) {
    GTEST_SKIP() << "the hard limit of descriptors (ulimit -Hn) is below " << kConnections + kSpare;
  }
  ServerProgram server({"-H", "127.0.0.1"});
  server.ignore_errors();
  std::vector<TestPeer> peers;
  peers.reserve(kConnections);
  for (std::size_t i = 0; i < kConnections; ++i) {
    peers.emplace_back(server.endpoint());
    peers.back().send(std::to_string(i));
  }
  std::size_t exact = 0;
  for (std::size_t i = 0; i < kConnections; ++i) {
    const std::string sent = std::to_string(i);
    if (peers[i].receive(sent.size()) == sent) ++exact;
  }
  EXPECT_EQ(exact, kConnections);
  EXPECT_GE(server.open_descriptors(), kConnections);
}

TEST(ManyConnections, DrivesTenThousandSocketsFromOneClient) {
  if (!allow_descriptors(kConnections + kSpare)) {
    GTEST_SKIP() << "the hard limit of descriptors (ulimit -Hn) is below " << kConnections + kSpare;
  }
  ServerProgram server({"-H", "127.0.0.1"});
  server.ignore_errors();
  const Outcome client = run(ECHO_CLIENT,
                             {"-p", std::to_string(server.port()), "--quiet", "-t", "1m", "-c",
                              std::to_string(kConnections)},
                             {}, {.soft_descriptors = 64});
  EXPECT_EQ(client.status, 0) << client.error;
}

// 1,100 connections exceed the soft limit and the size of an fd_set, but not the hard limit.
TEST(ManyConnections, RaisesTheSoftDescriptorLimit) {
  if (!allow_descriptors(2048)) GTEST_SKIP() << "the hard limit of descriptors is below 2048";
  ServerProgram server({"-H", "127.0.0.1"}, {.soft_descriptors = 64});
  server.ignore_errors();
  std::vector<TestPeer> peers;
  for (int i = 0; i < 1100; ++i) {
    peers.emplace_back(server.endpoint());
    peers.back().send("here");
  }
  for (TestPeer& peer : peers) ASSERT_EQ(peer.receive(4), "here");
}

// Connects 100 peers that go idle while one of them stays busy. From then on the kernel reports
// activity on the idle ones by signals.
std::vector<TestPeer> connect_idle_peers(const ServerProgram& server) {
  std::vector<TestPeer> peers = connect_many(server.endpoint(), 100);
  for (const TestPeer& peer : peers) peer.echo("here");
  for (int i = 0; i < 200; ++i) peers.front().echo("busy");
  return peers;
}

// True if the signal is pending for the whole process (proc(5)).
bool has_pending_signal(const Program& program, int signal) {
  std::ostringstream text;
  text << std::ifstream("/proc/" + std::to_string(program.pid()) + "/status").rdbuf();
  const std::string name = "ShdPnd:\t";
  const std::size_t place = text.str().find(name) + name.size();
  return (std::stoull(text.str().substr(place, 16), nullptr, 16) >> (signal - 1) & 1) != 0;
}

// All processes of a user share one limit of queued signals, and peers could exhaust it.
TEST(IdleConnections, QueueFewSignalsAndLeaveNone) {
  const ServerProgram server({"--quiet"});
  const std::vector<TestPeer> peers = connect_idle_peers(server);
  rlimit limit{};
  ASSERT_EQ(::prlimit(server.pid(), RLIMIT_SIGPENDING, nullptr, &limit), 0);
  EXPECT_LE(limit.rlim_cur, 1024U);
  server.freeze();
  constexpr std::size_t kMessages = 20;
  for (std::size_t i = 0; i < kMessages; ++i) {
    for (const TestPeer& peer : peers) peer.send("x");
  }
  EXPECT_TRUE(has_pending_signal(server, SIGRTMIN) || has_pending_signal(server, SIGIO));
  server.signal(SIGCONT);
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.receive(kMessages).size(), kMessages);
  wait_until(
      [&] { return !has_pending_signal(server, SIGRTMIN) && !has_pending_signal(server, SIGIO); });
}

TEST(IdleConnections, AreServedWithoutQueuedSignals) {
  const ServerProgram server({"--quiet"}, {.signals = 0});
  const std::vector<TestPeer> peers = connect_idle_peers(server);
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("heard"), "heard");
}

}  // namespace
}  // namespace echo::test
