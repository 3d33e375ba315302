#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "support/program.h"
#include "support/test_peer.h"

namespace echo::testing {
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

}  // namespace
}  // namespace echo::testing
