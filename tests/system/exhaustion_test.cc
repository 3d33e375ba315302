#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <string>
#include <vector>

#include "echo/base/errno_text.h"
#include "support/program.h"
#include "support/test_peer.h"

namespace echo::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kDescriptors = 32;

// A server that is out of descriptors, the peers that it serves, and the peers in its backlog.
struct FullServer {
  ServerProgram server{{"-H", "127.0.0.1", "-d", "1h"}, {.descriptors = kDescriptors}};
  std::vector<TestPeer> served;
  std::vector<TestPeer> waiting;

  FullServer() {
    while (server.open_descriptors() < kDescriptors) {
      served.emplace_back(server.endpoint());
      EXPECT_EQ(served.back().echo("in"), "in");
    }
    for (int i = 0; i < 10; ++i) {
      waiting.emplace_back(server.endpoint());
      waiting.back().send("waiting");
    }
    server.wait_for_line("cannot accept connections: " + ErrnoText{EMFILE}.to_string());
  }
};

TEST(OutOfDescriptors, ServesOpenConnections) {
  FullServer full;
  for (TestPeer& peer : full.served) EXPECT_EQ(peer.echo("still served"), "still served");
}

TEST(OutOfDescriptors, DoesNotSpin) {
  FullServer full;
  const auto before = full.server.cpu_time();
  // This waits for the whole timeout, because a waiting peer receives nothing.
  pollfd waiting{.fd = full.waiting.front().fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&waiting, 1, 500), 0);
  EXPECT_LT(full.server.cpu_time() - before, 50ms);
}

TEST(OutOfDescriptors, AcceptsAWaitingClientWhenOneLeaves) {
  FullServer full;
  for (TestPeer& peer : full.waiting) {
    full.served.pop_back();
    EXPECT_EQ(peer.receive(7), "waiting");
  }
}

TEST(OutOfDescriptors, AcceptsANewClientWhenOthersLeave) {
  FullServer full;
  full.waiting.clear();
  full.served.clear();
  TestPeer peer(full.server.endpoint());
  EXPECT_EQ(peer.echo("new"), "new");
}

TEST(OutOfDescriptors, StopsOnSigterm) {
  FullServer full;
  full.waiting.clear();
  full.server.signal(SIGTERM);
  for (TestPeer& peer : full.served) EXPECT_EQ(peer.receive_to_eof(), "");
  full.served.clear();
  EXPECT_EQ(full.server.wait_for_exit(), 0);
}

// The waiting clients are connected, and all but one have sent a message.
TEST(OutOfDescriptors, ServesWaitingClientsBeforeItStops) {
  FullServer full;
  const TestPeer silent(full.server.endpoint());
  full.server.signal(SIGTERM);
  for (const TestPeer& peer : full.waiting) EXPECT_EQ(peer.receive_to_eof(), "waiting");
  EXPECT_EQ(silent.receive_to_eof(), "");
  EXPECT_EQ(full.server.wait_for_exit(), 0);
}

}  // namespace
}  // namespace echo::test
