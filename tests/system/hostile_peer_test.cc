#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "echo/endpoint.h"
#include "support/program.h"
#include "support/test_peer.h"

namespace echo::testing {
namespace {

constexpr std::size_t kMegabyte = 1UL << 20;

TEST(HostilePeer, AResetCostsThatConnectionOnly) {
  ServerProgram server;
  TestPeer witness(server.endpoint());
  TestPeer peer(server.endpoint());
  EXPECT_EQ(peer.echo("x"), "x");
  peer.reset();
  server.wait_for_line("after an error: Connection reset by peer");
  EXPECT_EQ(witness.echo("still here"), "still here");
}

TEST(HostilePeer, AResetWhileItIsOwedCostsThatConnectionOnly) {
  ServerProgram server;
  TestPeer witness(server.endpoint());
  TestPeer peer(server.endpoint());
  peer.send_until_stuck();
  peer.reset();
  const std::string line = server.wait_for_line("after an error: ");
  EXPECT_NE(line.find("bytes unsent: "), std::string::npos) << line;
  EXPECT_EQ(witness.echo("still here"), "still here");
}

TEST(HostilePeer, ABrokenPipeCostsThatConnectionOnly) {
  ServerProgram server;
  TestPeer witness(server.endpoint());
  {
    // Closed with its echo unread: what the server still sends is answered by a reset.
    TestPeer peer(server.endpoint());
    peer.send(random_bytes(512UL * 1024));
  }
  server.wait_for_line("closing");
  EXPECT_EQ(witness.echo("still here"), "still here");
}

TEST(HostilePeer, SigpipeDoesNotKill) {
  ServerProgram server;
  server.signal(SIGPIPE);
  TestPeer peer(server.endpoint());
  EXPECT_EQ(peer.echo("alive"), "alive");
}

TEST(HostilePeer, UrgentDataIsAnExceptionalCondition) {
  ServerProgram server;
  TestPeer witness(server.endpoint());
  TestPeer peer(server.endpoint());
  const std::string address = peer.local().to_string();
  peer.send_urgent('!');
  server.wait_for_line("handling exceptional condition for " + address);
  server.wait_for_line("closing " + address + " after an exceptional condition");
  EXPECT_EQ(peer.receive_to_eof(), "");
  EXPECT_EQ(witness.echo("still here"), "still here");
}

TEST(HostilePeer, OneThatNeverReadsIsReadNoFurtherThanItsQueue) {
  ServerProgram server({}, measurable());
  TestPeer witness(server.endpoint());
  EXPECT_EQ(witness.echo("before"), "before");
  const std::size_t memory_before = server.peak_memory();

  std::vector<TestPeer> peers;
  for (int i = 0; i < 4; ++i) {
    peers.emplace_back(server.endpoint());
    peers.back().send_until_stuck();
  }
  // Four queues of 256 KiB, twice for the allocator's sake, and something for the tables.
  EXPECT_LT(server.peak_memory() - memory_before, 4 * kMegabyte);
  EXPECT_EQ(witness.echo("after"), "after");
}

TEST(HostilePeer, OneThatReadsAtLastGetsEverything) {
  ServerProgram server({"--max-queue", "64K"});
  TestPeer peer(server.endpoint());
  const std::size_t sent = peer.send_until_stuck();
  peer.shut_down_sending();
  EXPECT_TRUE(peer.receive_to_eof() == std::string(sent, 'x'));
}

TEST(HostilePeer, OneThatSendsAByteAtATimeGetsEachBack) {
  ServerProgram server;
  TestPeer dribbler(server.endpoint());
  std::size_t exact = 0;
  for (int i = 0; i < 2000; ++i) {
    if (dribbler.echo("x") == "x") ++exact;
  }
  EXPECT_EQ(exact, 2000U);
}

// A queue that may grow beyond the memory that there is: it costs the connection that it is for.
TEST(HostilePeer, OneForWhichThereIsNoMemoryLeavesTheServerServing) {
  const std::string command =
      "ulimit -v 100000; exec \"" ECHO_SERVER "\" -H 127.0.0.1 -p 0 --max-queue 1G";
  Program server("sh", {"-c", command});
  std::string line;
  try {
    line = server.wait_for_line("starting up on ");
  } catch (const std::runtime_error&) {
    GTEST_SKIP() << "the program itself does not fit into so little address space";
  }
  const std::string port = line.substr(line.rfind(' '));
  const Endpoint endpoint =
      resolve("127.0.0.1", static_cast<std::uint16_t>(std::stoul(port))).front();
  TestPeer witness(endpoint);
  TestPeer peer(endpoint);
  const std::string block(1UL << 20, 'x');
  const auto send_more_than_there_is = [&] {
    for (int i = 0; i < 256; ++i) peer.send(block);
  };
  EXPECT_THROW(send_more_than_there_is(), std::system_error);
  server.wait_for_line("after an error: Cannot allocate memory");
  EXPECT_EQ(witness.echo("still here"), "still here");
}

TEST(HostilePeer, AThousandThatConnectAndCloseLeaveNothingBehind) {
  ServerProgram server;
  server.ignore_errors();
  const std::size_t before = server.open_descriptors();
  for (int i = 0; i < 1000; ++i) TestPeer{server.endpoint()};
  server.wait_for_descriptors(before);
  EXPECT_EQ(TestPeer(server.endpoint()).echo("alive"), "alive");
}

}  // namespace
}  // namespace echo::testing
