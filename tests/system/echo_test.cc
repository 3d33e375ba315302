#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "echo/os/endpoint.h"
#include "support/program.h"
#include "support/test_peer.h"

namespace echo::test {
namespace {

TEST(EchoServer, SendsBackWhatItReceives) {
  ServerProgram server;
  TestPeer peer(server.endpoint());
  EXPECT_EQ(peer.echo("This is the message. "), "This is the message. ");
}

TEST(EchoServer, SendsBackEveryByteValue) {
  ServerProgram server;
  TestPeer peer(server.endpoint());
  std::string all;
  for (int value = 0; value < 256; ++value) all += static_cast<char>(value);
  EXPECT_EQ(peer.echo(all), all);
}

TEST(EchoServer, ListensOnBothLoopbackAddressesWithOnePort) {
  ServerProgram server;
  for (const Endpoint& endpoint : resolve("localhost", server.port())) {
    if (endpoint.family() == AF_INET6 && server.error_text().find("warning") != std::string::npos) {
      GTEST_SKIP() << "this machine has no ::1";
    }
    TestPeer peer(endpoint);
    EXPECT_EQ(peer.echo("both"), "both") << endpoint.to_string();
  }
}

TEST(EchoServer, StartsWithoutAMissingAddressFamily) {
  Program server(ECHO_SERVER, {"-p", "0"},
                 {.private_network = {{"ipv6/conf/all/disable_ipv6", "1"}}});
  try {
    server.wait_for_line("warning: cannot listen on ::1 port ");
  } catch (const std::runtime_error&) {
    if (server.wait_for_exit() != kNoPrivateNetwork) throw;
    GTEST_SKIP() << "a network namespace is not permitted here";
  }
  server.wait_for_line("starting up on 127.0.0.1 port ");
}

TEST(EchoServer, ListensOnEveryAddressForAStar) {
  ServerProgram server({"--host", "*"});
  // All addresses in 127.0.0.0/8 belong to this machine.
  TestPeer peer(resolve("127.1.2.3", server.port()).front());
  EXPECT_EQ(peer.echo("all"), "all");
}

TEST(EchoServer, ListensOnTheGivenAddressesOnly) {
  ServerProgram server({"-H", "127.0.0.2", "-H", "127.0.0.3"});
  EXPECT_EQ(TestPeer(resolve("127.0.0.2", server.port()).front()).echo("2"), "2");
  EXPECT_EQ(TestPeer(resolve("127.0.0.3", server.port()).front()).echo("3"), "3");
  EXPECT_THROW(TestPeer{server.endpoint()}, std::system_error);
}

TEST(EchoServer, SharesAPortIfBothServersRequestIt) {
  ServerProgram first({"--reuse-port", "-H", "127.0.0.1"});
  Program second(ECHO_SERVER,
                 {"--reuse-port", "-H", "127.0.0.1", "-p", std::to_string(first.port())});
  second.wait_for_line("starting up on 127.0.0.1 port " + std::to_string(first.port()));
}

TEST(EchoServer, LosesNoByteOnShortWrites) {
  ServerProgram server;
  TestPeer peer(server.endpoint());
  const std::string message = random_bytes(8UL << 20);
  EXPECT_TRUE(peer.echo(message) == message);
}

TEST(EchoServer, SendsPendingBytesAfterAHalfClose) {
  ServerProgram server;
  TestPeer peer(server.endpoint());
  const std::string message = random_bytes(64UL << 10);
  peer.send(message);
  peer.shut_down_sending();
  EXPECT_TRUE(peer.receive_to_eof() == message);
}

// The message exceeds all buffers between server and peer, so the server must continue to send long
// after EOF.
TEST(EchoServer, SendsEightMegabytesAfterAHalfClose) {
  ServerProgram server({"--max-queue", "16M"});
  TestPeer peer(server.endpoint());
  const std::string message = random_bytes(8UL << 20);
  peer.send(message);
  peer.shut_down_sending();
  EXPECT_TRUE(peer.receive_to_eof() == message);
}

TEST(EchoServer, ClosesAConnectionThatSendsOnlyEof) {
  ServerProgram server;
  TestPeer peer(server.endpoint());
  peer.shut_down_sending();
  EXPECT_EQ(peer.receive_to_eof(), "");
  server.wait_for_line("after reading no data");
}

TEST(EchoServer, DoesNotMixBytesOfConnections) {
  ServerProgram server;
  std::vector<TestPeer> peers;
  peers.reserve(100);
  for (int i = 0; i < 100; ++i) peers.emplace_back(server.endpoint());
  for (std::size_t i = 0; i < peers.size(); ++i) peers[i].send("peer " + std::to_string(i));
  for (std::size_t i = 0; i < peers.size(); ++i) {
    peers[i].shut_down_sending();
    EXPECT_EQ(peers[i].receive_to_eof(), "peer " + std::to_string(i));
  }
}

TEST(EchoServer, EchoesWithAQueueOfOneByte) {
  ServerProgram server({"--max-queue", "1"});
  TestPeer peer(server.endpoint());
  const std::string message = random_bytes(1000);
  EXPECT_EQ(peer.echo(message), message);
}

TEST(EchoServer, ClosesAnIdleConnection) {
  ServerProgram server({"--idle-timeout", "50ms"});
  TestPeer peer(server.endpoint());
  EXPECT_EQ(peer.receive_to_eof(), "");
  server.wait_for_line("after 50ms without a byte");
}

TEST(EchoServer, LeaksNoDescriptor) {
  ServerProgram server;
  const std::size_t before = server.open_descriptors();
  for (int i = 0; i < 200; ++i) {
    TestPeer peer(server.endpoint());
    if (i % 2 == 0) {
      peer.reset();
    } else {
      EXPECT_EQ(peer.echo("x"), "x");
    }
  }
  server.wait_for_descriptors(before);
}

}  // namespace
}  // namespace echo::test
