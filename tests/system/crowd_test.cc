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

constexpr std::size_t kClientsAtOnce = 10'000;
constexpr std::size_t kSpare = 100;

TEST(Crowd, TenThousandConnectionsAtOnceAreAllEchoed) {
  if (!allow_descriptors(kClientsAtOnce + kSpare)) {
    GTEST_SKIP() << "the hard limit of descriptors (ulimit -Hn) is below "
                 << kClientsAtOnce + kSpare;
  }
  ServerProgram server({"-H", "127.0.0.1"});
  server.ignore_errors();
  std::vector<TestPeer> peers;
  peers.reserve(kClientsAtOnce);
  for (std::size_t i = 0; i < kClientsAtOnce; ++i) {
    peers.emplace_back(server.endpoint());
    peers.back().send(std::to_string(i));
  }
  std::size_t exact = 0;
  for (std::size_t i = 0; i < kClientsAtOnce; ++i) {
    const std::string sent = std::to_string(i);
    if (peers[i].receive(sent.size()) == sent) ++exact;
  }
  EXPECT_EQ(exact, kClientsAtOnce);
  EXPECT_GE(server.open_descriptors(), kClientsAtOnce);
}

TEST(Crowd, TheClientDrivesTenThousandSocketsAtOnce) {
  if (!allow_descriptors(kClientsAtOnce + kSpare)) {
    GTEST_SKIP() << "the hard limit of descriptors (ulimit -Hn) is below "
                 << kClientsAtOnce + kSpare;
  }
  ServerProgram server({"-H", "127.0.0.1"});
  server.ignore_errors();
  const Outcome client = run(ECHO_CLIENT,
                             {"-p", std::to_string(server.port()), "--quiet", "-t", "1m", "-c",
                              std::to_string(kClientsAtOnce)},
                             {}, {.soft_descriptors = 64});
  EXPECT_EQ(client.status, 0) << client.error;
}

// At start the server raises its soft limit to the hard one, past what an fd_set holds.
TEST(Crowd, TheSoftLimitOfDescriptorsDoesNotCount) {
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

// Speaks and is silent then, while one among it goes on: the system tells of the others by signals.
std::vector<TestPeer> make_silent_crowd(const ServerProgram& server) {
  std::vector<TestPeer> peers = connect_many(server.endpoint(), 100);
  for (const TestPeer& peer : peers) peer.echo("here");
  for (int i = 0; i < 200; ++i) peers.front().echo("busy");
  return peers;
}

// Of the process as a whole (proc(5)).
bool has_pending_signal(const Program& program, int signal) {
  std::ostringstream text;
  text << std::ifstream("/proc/" + std::to_string(program.pid()) + "/status").rdbuf();
  const std::string name = "ShdPnd:\t";
  const std::size_t place = text.str().find(name) + name.size();
  return (std::stoull(text.str().substr(place, 16), nullptr, 16) >> (signal - 1) & 1) != 0;
}

// They are of all programs of the user, and peers decide how many there are.
TEST(SilentCrowd, QueuesFewSignalsAndLeavesNone) {
  const ServerProgram server({"--quiet"});
  const std::vector<TestPeer> peers = make_silent_crowd(server);
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

TEST(SilentCrowd, IsHeardThoughTheUserHasNoSignalsLeft) {
  const ServerProgram server({"--quiet"}, {.signals = 0});
  const std::vector<TestPeer> peers = make_silent_crowd(server);
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("heard"), "heard");
}

}  // namespace
}  // namespace echo::test
