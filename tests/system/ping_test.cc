#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"
#include "support/false_server.h"
#include "support/program.h"
#include "support/test_peer.h"
#include "support/text.h"

// The client with --interval, which reports each message like ping(8).
namespace echo::test {
namespace {

std::vector<std::string> pinging(std::uint16_t port, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-4", "-t1m"});
  return at_port(port, std::move(arguments));
}

TEST(Ping, PrintsALinePerMessageAndASummary) {
  ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT, pinging(server.port(), {"-I", "10ms", "-n", "3", "-s", "100"}));
  EXPECT_EQ(client.status, 0) << client.error;
  const std::string lines =
      "PING localhost port \\d+: 100 bytes per message\n"
      "(?:100 bytes from 127\\.0\\.0\\.1:\\d+: seq=[123] time=\\d+\\.\\d{3} ms\n){3}"
      "--- localhost port \\d+ echo statistics ---\n"
      "3 messages sent, 3 received, 0% lost, time \\d+ ms\n"
      "rtt min/avg/max/mdev = [0-9./]+ ms\n";
  EXPECT_TRUE(matches(client.output, lines)) << client.output;
}

TEST(Ping, PrintsASummaryOfEachAddress) {
  const ServerProgram server({"-H", "127.0.0.1", "-H", "::1"});
  const Outcome client =
      run(ECHO_CLIENT, at_port(server.port(), {"-I", "1ms", "-n", "2", "--all-addresses"}));
  EXPECT_EQ(client.status, 0) << client.error;
  const std::string lines =
      "(?:.*\n)+"
      "4 messages sent, 4 received, 0% lost, time \\d+ ms\n.*\n"
      "127\\.0\\.0\\.1:\\d+: 2 messages sent, 2 received, 0% lost\nrtt .*\n"
      "\\[::1\\]:\\d+: 2 messages sent, 2 received, 0% lost\nrtt .*\n";
  EXPECT_TRUE(matches(client.output, lines)) << client.output;
}

TEST(Ping, ConnectsToAServerThatDoesNotEcho) {
  FalseServer server;
  Program client(ECHO_CLIENT, pinging(server.port(), {"-I", "1ms", "-n", "2", "--connect"}));
  for (int connection = 0; connection < 2; ++connection) {
    const TestPeer peer = server.accept();
    EXPECT_EQ(peer.receive_to_eof(), "");
  }
  EXPECT_EQ(client.wait_for_exit(), 0) << client.error_text();
  const std::string lines =
      "PING localhost port \\d+: connecting only\n"
      "(?:connected to 127\\.0\\.0\\.1:\\d+: seq=[12] time=\\d+\\.\\d{3} ms\n){2}"
      "--- localhost port \\d+ connection statistics ---\n"
      "2 attempts, 2 connected, 0% lost, time \\d+ ms\n"
      "rtt min/avg/max/mdev = [0-9./]+ ms\n";
  EXPECT_TRUE(matches(client.output_text(), lines)) << client.output_text();
}

TEST(Ping, ReportsARefusedConnectionAsLost) {
  const DeadPort dead;
  const Outcome client = run(ECHO_CLIENT, pinging(dead.port(), {"-I1ms", "-n1", "--connect"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_NE(client.output.find("seq=1 lost: cannot connect to 127.0.0.1:"), std::string::npos);
  EXPECT_NE(client.output.find("1 attempt, 0 connected, 100% lost"), std::string::npos);
}

TEST(Ping, PrintsTheSummaryOnCtrlC) {
  ServerProgram server;
  Program client(ECHO_CLIENT, pinging(server.port(), {"-I", "10ms"}));
  client.wait_for_part_of_output("seq=5 ");
  client.signal(SIGINT);
  EXPECT_EQ(client.wait_for_exit(), 130);
  EXPECT_NE(client.output_text().find("rtt min/avg/max/mdev = "), std::string::npos);
}

TEST(Ping, PrintsOnlyTheSummaryOnRequest) {
  ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT, pinging(server.port(), {"-I", "1ms", "-n", "3", "--quiet"}));
  EXPECT_EQ(client.status, 0);
  EXPECT_TRUE(client.output.starts_with("--- localhost port ")) << client.output;
}

// Reserves the port while no server listens, so that the kernel assigns it to no other socket.
UniqueFd reserve(const Endpoint& endpoint) {
  UniqueFd reserved{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  constexpr int kOn = 1;
  ::setsockopt(reserved.get(), SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof kOn);
  if (::bind(reserved.get(), endpoint.address(), endpoint.length()) != 0) {
    throw std::runtime_error("cannot reserve the port");
  }
  return reserved;
}

TEST(Ping, SurvivesAServerRestart) {
  auto server = std::make_unique<ServerProgram>();
  const std::uint16_t port = server->port();
  Program client(ECHO_CLIENT, pinging(port, {"-I", "20ms"}));
  client.wait_for_part_of_output("seq=3 ");
  const Endpoint endpoint = server->endpoint();
  server.reset();
  const UniqueFd reserved = reserve(endpoint);
  client.wait_for_part_of_output(" lost: ");
  server = std::make_unique<ServerProgram>(
      std::vector<std::string>{"-H", "127.0.0.1", "-p", std::to_string(port)});
  // True when an answer follows the lost messages.
  const auto is_back = [&] {
    const std::string& text = client.output_text();
    return text.rfind(" time=") > text.rfind(" lost: ");
  };
  std::uint64_t sequence = 4;
  while (!is_back()) client.wait_for_part_of_output("seq=" + std::to_string(++sequence) + " ");
  client.signal(SIGINT);
  EXPECT_EQ(client.wait_for_exit(), 130);
  EXPECT_NE(client.error_text().find("error: connection 1 (127.0.0.1:"), std::string::npos)
      << client.error_text();
}

// Standard output is a full pipe that is not read.
TEST(Ping, EndsOnCtrlCWhileItsOutputIsStuck) {
  ServerProgram server;
  Program client(ECHO_CLIENT, pinging(server.port(), {"-I", "10us"}));
  client.ignore_output();
  std::uint64_t before = 0;
  wait_until([&] {
    const std::uint64_t last = std::exchange(before, bytes_in(server));
    return before > 0 && before == last;
  });
  // The first signal ends the measurement. A later one ends the wait for the reader.
  wait_until([&] {
    client.signal(SIGINT);
    return client.open_descriptors() == 0;
  });
  EXPECT_EQ(client.wait_for_exit(), 130);
}

// Each lost message is reported with the error of its own connection.
TEST(Ping, ContinuesAfterAFailure) {
  FalseServer server;
  Program client(ECHO_CLIENT, pinging(server.port(), {"-I", "50ms"}));
  {
    const TestPeer peer = server.accept();
    peer.receive(64);
  }
  client.wait_for_part_of_output(" lost: the server closed early, at offset 0 of ");
  TestPeer doomed = server.accept();
  doomed.receive(64);
  doomed.reset();
  client.wait_for_part_of_output(" lost: Connection reset by peer, at offset 0 of ");
  const TestPeer peer = server.accept();
  peer.send(peer.receive(64));
  client.wait_for_part_of_output(" time=");
  client.signal(SIGINT);
  EXPECT_EQ(client.wait_for_exit(), 130);
}

TEST(Ping, ReportsThatItWaitsForAConnection) {
  const SilentPort silent;
  Program client(ECHO_CLIENT, pinging(silent.endpoint().port(), {"-I", "1s"}));
  client.wait_for_line("waiting for a connection to localhost port ");
  client.signal(SIGINT);
  EXPECT_EQ(client.wait_for_exit(), 130);
}

}  // namespace
}  // namespace echo::test
