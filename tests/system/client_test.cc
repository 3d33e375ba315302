#include "echo/client/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/errno_text.h"
#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "support/false_server.h"
#include "support/program.h"
#include "support/temporary_file.h"
#include "support/test_peer.h"
#include "support/text.h"

namespace echo::test {
namespace {

TEST(EchoClient, SendsTheDefaultMessagesOnTwoConnections) {
  ServerProgram server({"-H", "127.0.0.1"});
  const Outcome client = run(ECHO_CLIENT, at_port(server.port()));
  EXPECT_EQ(client.status, 0);

  std::string expected = "connecting to localhost port " + std::to_string(server.port()) + "\n";
  for (const char* message : {"This is the message. ", "It will be sent ", "in parts."}) {
    for (const char* verb : {"sending", "sending", "received", "received"}) {
      expected += std::string("ADDR: ") + verb + " \"" + message + "\"\n";
    }
  }
  expected += "closing socket ADDR\nclosing socket ADDR\n";
  EXPECT_EQ(replace_each(client.error, R"(127\.0\.0\.1:\d+)", "ADDR"), expected);
  EXPECT_EQ(client.output, "");
}

TEST(EchoClient, SendsTheGivenMessages) {
  ServerProgram server;
  const Outcome client = run(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "one", "two"}));
  EXPECT_EQ(client.status, 0);
  EXPECT_NE(client.error.find("received \"one\""), std::string::npos);
  EXPECT_NE(client.error.find("received \"two\""), std::string::npos);
}

TEST(EchoClient, WarnsAboutAMessageThatLooksLikeAHost) {
  ServerProgram server;
  const std::string hint = "warning: '127.0.0.1' is sent as a message; ";
  const Outcome client = run(ECHO_CLIENT, at_port(server.port(), {"127.0.0.1"}));
  EXPECT_EQ(client.status, 0);
  EXPECT_NE(client.error.find(hint), std::string::npos) << client.error;
  EXPECT_EQ(run(ECHO_CLIENT, at_port(server.port(), {"127.0.0.1", "--quiet"})).error, "");
}

TEST(EchoClient, LogsNothingOnSuccessAtErrorLevel) {
  ServerProgram server;
  const Outcome client = run(ECHO_CLIENT, at_port(server.port(), {"--quiet"}));
  EXPECT_EQ(client.status, 0);
  EXPECT_EQ(client.error, "");
}

TEST(EchoClient, StreamsStandardInputToStandardOutput) {
  ServerProgram server;
  const TemporaryFile input(random_bytes(16UL << 20));
  const TemporaryFile output;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "-"}),
                 {.standard_output = output.path(), .standard_input = input.path()});
  EXPECT_EQ(client.wait_for_exit(), 0);
  EXPECT_TRUE(output.contents() == input.contents());
}

TEST(EchoClient, StreamsThroughPipes) {
  ServerProgram server;
  const std::string text = random_bytes(32UL << 10);
  const Outcome client = run(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "-"}), text);
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_TRUE(client.output == text);
}

TEST(EchoClient, SucceedsOnEmptyStandardInput) {
  ServerProgram server;
  const Outcome client = run(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "-"}));
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_EQ(client.output, "");
}

TEST(EchoClient, ChecksStandardInputOnManyConnections) {
  ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT, at_port(server.port(), {"-c", "20", "-"}), random_bytes(50'000));
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_EQ(client.output, "");
}

TEST(EchoClient, EchoesALineWhileStandardInputIsOpen) {
  ServerProgram server;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "-"}));
  client.write_input("first\n");
  client.wait_for_output("first\n");
  client.write_input("second\n");
  client.close_input();
  EXPECT_EQ(client.wait_for_exit(), 0);
  EXPECT_EQ(client.output_text(), "first\nsecond\n");
}

// The memory of the client does not depend on the length of the stream.
TEST(EchoClient, StreamsInBoundedMemory) {
  ServerProgram server;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "--quiet", "-"}),
                 {.standard_output = "/dev/null", .standard_input = "/dev/zero"});
  // Waits until the statistics of the server count 128 MiB.
  TestPeer witness(server.endpoint());
  std::size_t echoed = 0;
  while (echoed < (128UL << 20)) {
    server.signal(SIGUSR1);
    const std::string line = server.wait_for_line("statistics: ");
    const std::size_t end = line.find(" bytes out");
    echoed = std::stoul(line.substr(line.rfind(' ', end - 1) + 1));
    ASSERT_EQ(witness.echo("x"), "x");
  }
  EXPECT_LT(client.peak_memory(), 64UL << 20);
}

// The output has no active reader, so the client stops when its window and the pipe are full.
TEST(EchoClient, PausesWhileItsOutputIsUnread) {
  ServerProgram server;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "--quiet", "-"}),
                 {.standard_input = "/dev/zero"});
  client.ignore_output();
  // The window, plus the capacity of the pipe and the last read.
  constexpr std::size_t kMaxBytesIn = Client::kMaxUnverified + (1UL << 20);
  wait_until([&] { return bytes_in(server) >= Client::kMaxUnverified; });
  EXPECT_LT(bytes_in(server), kMaxBytesIn);
  EXPECT_LT(client.peak_memory(), 64UL << 20);
}

TEST(EchoClient, ReportsARefusedConnection) {
  const DeadPort dead;
  const std::uint16_t port = dead.port();
  const Outcome client = run(ECHO_CLIENT, at_port(port, {"-c", "1", "-4"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_NE(client.error.find("error: connection 1: cannot connect to 127.0.0.1:" +
                              std::to_string(port) + ": Connection refused"),
            std::string::npos)
      << client.error;
}

// The kernel can only assign the port of the server to the client, which would connect to itself.
TEST(EchoClient, RejectsASelfConnection) {
  for (const std::string host : {"127.0.0.1", "0.0.0.0"}) {
    const Outcome client = run(ECHO_CLIENT, at_port(40000, {"-c", "1", "--quiet", "-H", host}), {},
                               {.private_network = {{"ipv4/ip_local_port_range", "40000 40000"}}});
    if (client.status == kNoPrivateNetwork) {
      GTEST_SKIP() << "a network namespace is not permitted here";
    }
    EXPECT_EQ(client.status, 1);
    EXPECT_EQ(client.error,
              "error: connection 1: cannot connect to " + host + ":40000: Connection refused\n");
  }
}

// Twenty connections from two addresses that have ten ports each.
TEST(EchoClient, UsesThePortsOfEachAddressThatItConnectsFrom) {
  constexpr const char* kScript =
      R"("$0" -p 7 & until "$1" -p 7 -c 1 --quiet x 2>/dev/null; do :; done
         "$1" -p 7 -c 20 --quiet -B 127.0.0.2,127.0.0.3 x; status=$?
         "$1" -p 7 -c 20 --quiet -B 127.0.0.4 x; kill $!; exit $status)";
  const Outcome shell = run("sh", {"-c", kScript, ECHO_SERVER, ECHO_CLIENT}, {},
                            {.private_network = {{"ipv4/ip_local_port_range", "40000 40009"}}});
  if (shell.status == kNoPrivateNetwork)
    GTEST_SKIP() << "a network namespace is not permitted here";
  EXPECT_EQ(shell.status, 0) << shell.error;
  EXPECT_NE(shell.error.find(ErrnoText{EADDRNOTAVAIL}.to_string()), std::string::npos)
      << shell.error;
}

TEST(EchoClient, RefusesToConnectFromAnAddressOfAnotherMachine) {
  const Outcome client = run(ECHO_CLIENT, {"-B", "127.0.0.1,192.0.2.1", "x"});
  EXPECT_EQ(client.status, 1);
  EXPECT_TRUE(client.error.starts_with("echo_client: cannot connect from '192.0.2.1': "))
      << client.error;
}

TEST(EchoClient, ChecksEachAddressOfTheHost) {
  const ServerProgram server({"-H", "127.0.0.1", "-H", "::1"});
  const Outcome client =
      run(ECHO_CLIENT, at_port(server.port(), {"--all-addresses", "-c", "1", "x"}));
  EXPECT_EQ(client.status, 0);
  EXPECT_NE(client.error.find("closing socket 127.0.0.1:"), std::string::npos) << client.error;
  EXPECT_NE(client.error.find("closing socket [::1]:"), std::string::npos) << client.error;
}

// By default the connection would use the address that works.
TEST(EchoClient, FailsIfOneOfAllAddressesDoesNotWork) {
  const ServerProgram server({"-H", "127.0.0.1"});
  const Outcome client =
      run(ECHO_CLIENT, at_port(server.port(), {"--all-addresses", "-c", "1", "x"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_NE(client.error.find("cannot connect to [::1]:"), std::string::npos) << client.error;
}

TEST(EchoClient, ReportsEachAddressItTried) {
  const Outcome client = run(ECHO_CLIENT, at_port(40000, {"-c", "1", "--quiet"}), {},
                             {.private_network = {{"ipv6/conf/all/disable_ipv6", "1"}}});
  if (client.status == kNoPrivateNetwork) {
    GTEST_SKIP() << "a network namespace is not permitted here";
  }
  EXPECT_EQ(client.status, 1);
  EXPECT_TRUE(matches(client.error,
                      "error: connection 1: cannot connect to 127\\.0\\.0\\.1:40000: Connection "
                      "refused; \\[::1\\]:40000: " +
                          ErrnoText{EADDRNOTAVAIL}.to_string() +
                          " \\(no local "
                          "address reaches it, or all [0-9,]+ local ports are in use\\)\n"))
      << client.error;
}

TEST(EchoClient, ReportsTenFailuresAndCountsTheRest) {
  const DeadPort dead;
  const std::uint16_t port = dead.port();
  const Outcome client = run(ECHO_CLIENT, at_port(port, {"-c", "500", "-4"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_NE(client.error.find("error: more failed connections: 490\n"), std::string::npos);
}

// Returns the standard error of a client that sends "message" and receives `answer` and EOF.
std::string error_after_answer(std::string_view answer) {
  FalseServer server;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "message"}));
  {
    TestPeer peer = server.accept();
    EXPECT_EQ(peer.receive(7), "message");
    peer.send(answer);
  }
  EXPECT_EQ(client.wait_for_exit(), 1);
  return client.error_text();
}

TEST(EchoClient, ReportsTheOffsetOfAWrongByte) {
  const std::string error = error_after_answer("mesSage");
  EXPECT_NE(error.find("error: connection 1 (127.0.0.1:"), std::string::npos) << error;
  EXPECT_NE(error.find("): bytes differ at offset 3: sent 0x73, received 0x53 in \"mesSage\"\n"),
            std::string::npos)
      << error;
}

// The timeout is for the whole answer, not for each byte.
TEST(EchoClient, TimesOutOnAnIncompleteAnswer) {
  FalseServer server;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "-t", "300ms", "message"}));
  const TestPeer peer = server.accept();
  const std::string text = peer.receive(7);
  peer.send(text.substr(0, 6));
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("no answer within 300ms, at offset 6 of 7"), std::string::npos)
      << client.error_text();
}

TEST(EchoClient, EndsAtItsDeadline) {
  FalseServer server;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "--deadline", "300ms", "-"}));
  const TestPeer peer = server.accept();
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("not finished within 300ms, at offset 0 of 0"),
            std::string::npos)
      << client.error_text();
}

TEST(EchoClient, SucceedsIfAResetFollowsTheEcho) {
  FalseServer server;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "message"}));
  TestPeer peer = server.accept();
  peer.send(peer.receive(7));
  EXPECT_EQ(peer.receive_to_eof(), "");
  peer.reset();
  EXPECT_EQ(client.wait_for_exit(), 0) << client.error_text();
}

TEST(EchoClient, RejectsMoreBytesThanItSent) {
  const std::string error = error_after_answer("message!");
  EXPECT_NE(error.find("offset 7: nothing was sent at this offset"), std::string::npos) << error;
  EXPECT_EQ(error.find("received \"message\""), std::string::npos) << error;
}

TEST(EchoClient, FailsIfTheServerClosesEarly) {
  const std::string error = error_after_answer("mess");
  EXPECT_NE(error.find("closed early, at offset 4 of 7"), std::string::npos) << error;
}

TEST(EchoClient, TimesOutWithoutAnAnswer) {
  FalseServer server;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "-t", "100ms", "message"}));
  TestPeer peer = server.accept();
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("no answer within 100ms, at offset 0 of 7"),
            std::string::npos);
}

TEST(EchoClient, TimesOutWithoutAConnection) {
  const SilentPort silent;
  const Endpoint endpoint = silent.endpoint();
  const Outcome client =
      run(ECHO_CLIENT, at_port(endpoint.port(), {"-c", "1", "-4", "-t", "100ms", "--quiet"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_EQ(client.error, "error: connection 1: cannot connect to " + endpoint.to_string() +
                              ": no answer within 100ms\n");
}

TEST(EchoClient, ReportsTheOffsetOfAReset) {
  FalseServer server;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "message"}));
  TestPeer peer = server.accept();
  EXPECT_EQ(peer.receive(7), "message");
  peer.send("me");
  client.wait_for_line("sending");
  peer.reset();
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("Connection reset by peer, at offset "), std::string::npos)
      << client.error_text();
}

TEST(EchoClient, ReportsThatItIsOutOfDescriptors) {
  ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT, at_port(server.port(), {"-c", "40", "--quiet"}), {}, {.descriptors = 30});
  EXPECT_EQ(client.status, 1);
  EXPECT_NE(client.error.find("cannot open a socket: " + ErrnoText{EMFILE}.to_string()),
            std::string::npos)
      << client.error;
}

TEST(EchoClient, FailsIfStandardOutputIsClosed) {
  ServerProgram server;
  const TemporaryFile input("text");
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "-"}),
                 {.standard_input = input.path(), .closed = {1}});
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("cannot write standard output"), std::string::npos);
}

TEST(EchoClient, ContinuesAfterOneConnectionFails) {
  FalseServer server;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "2", "message"}));
  TestPeer good = server.accept();
  TestPeer bad = server.accept();
  const std::string address = remote_endpoint(bad.fd()).to_string();
  for (const TestPeer* peer : {&good, &bad}) EXPECT_EQ(peer->receive(7), "message");
  bad.send("nothing like it");
  client.wait_for_line("error: connection 2 (" + address + "): bytes differ at offset 0");
  good.send("message");
  EXPECT_EQ(good.receive_to_eof(), "");
  good.shut_down_sending();
  client.wait_for_line("closing socket");
  EXPECT_EQ(client.wait_for_exit(), 1);
}

TEST(EchoClient, FailsIfTheServerSendsUrgentData) {
  FalseServer server;
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "message"}));
  const TestPeer peer = server.accept();
  EXPECT_EQ(peer.receive(7), "message");
  peer.send_urgent('!');
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("the server sent urgent data, at offset 0 of 7"),
            std::string::npos)
      << client.error_text();
}

TEST(EchoClient, FailsIfStandardOutputIsFull) {
  ServerProgram server;
  const TemporaryFile input("text");
  Program client(ECHO_CLIENT, at_port(server.port(), {"-c", "1", "-"}),
                 {.standard_output = "/dev/full", .standard_input = input.path()});
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("cannot write standard output: No space left on device"),
            std::string::npos);
}

}  // namespace
}  // namespace echo::test
