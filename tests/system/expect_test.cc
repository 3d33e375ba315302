#include <gtest/gtest.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/false_server.h"
#include "support/program.h"
#include "support/test_peer.h"
#include "support/text.h"

// A measurement with --expect.
namespace echo::test {
namespace {

constexpr std::size_t kMessageBytes = 64;

std::vector<std::string> expecting(std::uint16_t port, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-4", "--quiet", "-t1m"});
  return at_port(port, std::move(arguments));
}

TEST(Expect, PrintsNothingIfEachExpectationHolds) {
  ServerProgram server;
  const Outcome client = run(
      ECHO_CLIENT, expecting(server.port(), {"-n9", "--expect", "loss<1%", "--expect", "p99<=1h"}));
  EXPECT_EQ(client.status, 0);
  EXPECT_EQ(client.error, "");
}

TEST(Expect, ReportsWhatDoesNotHoldInEachFormat) {
  for (const char* const format : {"--histogram", "--json", "--csv", "--openmetrics", "-I1ms"}) {
    ServerProgram server;
    const Outcome client =
        run(ECHO_CLIENT, expecting(server.port(), {"-n9", "--expect=errors>0", "--expect=errors<1",
                                                   "--expect=loss>50%", format}));
    EXPECT_EQ(client.status, 3) << format;
    EXPECT_EQ(client.error,
              "error: expected errors>0, but measured 0 failed connections\n"
              "error: expected loss>50%, but measured 0% (0 of 9)\n")
        << format;
  }
}

// Returns the outcome of a client that loses the first of three messages to a reset.
Outcome run_with_a_loss(const std::string& expectation) {
  FalseServer server;
  Program client(ECHO_CLIENT,
                 expecting(server.port(), {"-n3", "--reconnect", "--expect", expectation}));
  {
    TestPeer doomed = server.accept();
    doomed.receive(kMessageBytes);
    doomed.reset();
  }
  const TestPeer peer = server.accept();
  for (int message = 0; message < 2; ++message) peer.send(peer.receive(kMessageBytes));
  peer.shut_down_sending();
  const int status = client.wait_for_exit();
  return {.status = status, .output = client.output_text(), .error = client.error_text()};
}

TEST(Expect, AcceptsALossWithinItsLimit) {
  EXPECT_EQ(run_with_a_loss("loss<=33.4%").status, 0);
  EXPECT_EQ(run_with_a_loss("errors<=1").status, 0);
}

TEST(Expect, ReportsALossAboveItsLimit) {
  const Outcome client = run_with_a_loss("loss<=33.3%");
  EXPECT_EQ(client.status, 3);
  EXPECT_TRUE(has(client.error, "error: expected loss<=33.3%, but measured 33.3% (1 of 3)\n"))
      << client.error;
}

TEST(Expect, LeavesALossWithoutALimitAFailure) { EXPECT_EQ(run_with_a_loss("max<=1h").status, 1); }

TEST(Expect, AcceptsNoWrongByte) {
  FalseServer server;
  Program client(ECHO_CLIENT, expecting(server.port(), {"-n1", "--expect=errors<=1"}));
  const TestPeer peer = server.accept();
  peer.send(peer.receive(kMessageBytes) + "!");
  EXPECT_EQ(client.wait_for_exit(), 1);
}

TEST(Expect, AcceptsNoServerThatNeverAnswers) {
  const DeadPort dead;
  const Outcome client =
      run(ECHO_CLIENT, expecting(dead.port(), {"-n1", "--expect=errors<=1", "--expect=p99<1h"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_TRUE(has(client.error, "error: expected p99<1h, but nothing was measured\n"))
      << client.error;
}

TEST(Expect, KeepsTheStatusOfASignal) {
  ServerProgram server;
  Program client(ECHO_CLIENT, expecting(server.port(), {"-D1h", "--expect=errors>0"}));
  wait_until([&] { return bytes_in(server) > kMessageBytes; });
  client.signal(SIGINT);
  EXPECT_EQ(client.wait_for_exit(), 130);
  EXPECT_TRUE(has(client.error_text(), "error: expected errors>0, but "));
}

}  // namespace
}  // namespace echo::test
