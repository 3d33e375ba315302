#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include "echo/base/errno_text.h"
#include "support/program.h"

namespace echo::test {
namespace {

// A command line that a program must reject with one line that names the value and the reason.
struct BadCommandLine {
  std::vector<std::string> arguments;
  int status;
  std::vector<std::string> parts_of_line;
};

void PrintTo(const BadCommandLine& bad, std::ostream* out) {  // NOLINT(*-identifier-naming)
  for (const std::string& argument : bad.arguments) *out << argument << ' ';
}

// A label of 64 characters is invalid (RFC 1035, section 2.3.4), so the resolver sends no query.
std::string invalid_name() {
  std::string label(64, 'x');
  return label;
}

void expect_rejected(const char* program, const std::string& name, const BadCommandLine& bad) {
  const Outcome outcome = run(program, bad.arguments);
  EXPECT_EQ(outcome.status, bad.status) << outcome.error;
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(outcome.error.rfind(name + ": ", 0), 0U) << outcome.error;
  EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
  for (const std::string& text : bad.parts_of_line) {
    EXPECT_NE(outcome.error.find(text), std::string::npos) << outcome.error;
  }
}

class ServerCommandLine : public testing::TestWithParam<BadCommandLine> {};

TEST_P(ServerCommandLine, RejectsInvalidArguments) {
  expect_rejected(ECHO_SERVER, "echo_server", GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Bad, ServerCommandLine,
    testing::Values(
        BadCommandLine{{"--no-such-option"}, 2, {"'--no-such-option'", "unknown"}},
        BadCommandLine{{"-x"}, 2, {"'-x'", "unknown"}},
        BadCommandLine{{"--port"}, 2, {"'--port'", "needs a value"}},
        BadCommandLine{{"--port", "70000"}, 2, {"--port", "'70000'", "out of range"}},
        BadCommandLine{{"--port", "-1"}, 2, {"--port", "'-1'", "not a port"}},
        BadCommandLine{{"--port="}, 2, {"--port", "''", "not a port"}},
        BadCommandLine{{"--port", "no-such-service"}, 2, {"'no-such-service'", "not a port"}},
        BadCommandLine{{"--max-queue", "0"}, 2, {"--max-queue", "'0'"}},
        BadCommandLine{{"--max-queue", "12Q"}, 2, {"--max-queue", "'12Q'", "not a size"}},
        BadCommandLine{{"-q", "99999999999999999999G"}, 2, {"--max-queue", "too large"}},
        BadCommandLine{{"-q", "1.1K"}, 2, {"--max-queue", "not a whole number of bytes"}},
        BadCommandLine{{"-H", "[::1]:7"}, 2, {"--host", "'[::1]:7'", "--port"}},
        BadCommandLine{{"-d", "5 s"}, 2, {"--drain-timeout", "'5 s'", "not a time"}},
        BadCommandLine{{"-i", "1d"}, 2, {"--idle-timeout", "'1d'", "not a time"}},
        BadCommandLine{{"-b", "0"}, 2, {"--backlog", "'0'", "out of range"}},
        BadCommandLine{{"-c", "many"}, 2, {"--max-connections", "'many'", "not a number"}},
        BadCommandLine{{"-l", "loud"}, 2, {"--log-level", "'loud'", "not a log level"}},
        BadCommandLine{{"10000"}, 2, {"'10000'", "unexpected argument"}},
        BadCommandLine{{"-l", "a\nb\x1b[2J"}, 2, {"'a\\x0ab\\x1b[2J'", "not a log level"}},
        BadCommandLine{{"--help=now"}, 2, {"'--help=now'", "takes no value"}},
        BadCommandLine{{"-p", "0", "-H", invalid_name()}, 1, {"'" + invalid_name() + "'"}},
        BadCommandLine{{"-p", "0", "-H", ""}, 1, {"cannot resolve host ''"}},
        BadCommandLine{{"-p", "0", "-H", "192.0.2.1"},
                       1,
                       {"192.0.2.1", ErrnoText{EADDRNOTAVAIL}.to_string()}}));

class ClientCommandLine : public testing::TestWithParam<BadCommandLine> {};

TEST_P(ClientCommandLine, RejectsInvalidArguments) {
  expect_rejected(ECHO_CLIENT, "echo_client", GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Bad, ClientCommandLine,
    testing::Values(BadCommandLine{{"--no-such-option"}, 2, {"'--no-such-option'", "unknown"}},
                    BadCommandLine{{"-c", "0"}, 2, {"--connections", "'0'", "out of range"}},
                    BadCommandLine{{"-c", "-5"}, 2, {"--connections", "'-5'", "not a number"}},
                    BadCommandLine{{"-p", "65536"}, 2, {"--port", "'65536'", "out of range"}},
                    BadCommandLine{{"-p", "0"}, 2, {"--port", "'0'"}},
                    BadCommandLine{{"-t", "soon"}, 2, {"--timeout", "'soon'", "not a time"}},
                    BadCommandLine{{"-H", "localhost:7"}, 2, {"'localhost:7'", "--port"}},
                    BadCommandLine{{"-n1", "localhost"}, 2, {"'localhost'", "--host"}},
                    BadCommandLine{{"-n1", "--svg", "-"}, 2, {"--svg", "'-'"}},
                    BadCommandLine{{"-n1", "--expect", "p98<5ms"}, 2, {"'p98<5ms'", "p99.99"}},
                    BadCommandLine{{"-n1", "--json", "--sample", "1us"}, 2, {"'1us'", "1ms"}},
                    BadCommandLine{{"-", "and more"}, 2, {"'-'"}}, BadCommandLine{{""}, 2, {"''"}},
                    BadCommandLine{{"-H", invalid_name()}, 1, {"'" + invalid_name() + "'"}},
                    BadCommandLine{{"-6", "-H", "127.0.0.1"}, 1, {"'127.0.0.1'"}}));

TEST(CommandLine, AcceptsOtherFormsOfAnAddress) {
  for (const char* const host : {"[::ffff:127.0.0.1]", "::ffff:127.0.0.1", "localhost."}) {
    ServerProgram server({"-H", host});
    const std::string port = std::to_string(server.port());
    EXPECT_EQ(run(ECHO_CLIENT, {"-H", host, "-p", port}).status, 0) << host;
    EXPECT_EQ(run(ECHO_CLIENT, {"-H", "127.0.0.1", "-p", port}).status, 0) << host;
  }
}

TEST(CommandLine, ReportsAnAddressInUse) {
  ServerProgram first({"-H", "127.0.0.1"});
  const std::string port = std::to_string(first.port());
  expect_rejected(ECHO_SERVER, "echo_server",
                  {{"-H", "127.0.0.1", "-p", port},
                   1,
                   {"127.0.0.1 port " + port, ErrnoText{EADDRINUSE}.to_string()}});
}

TEST(CommandLine, ReportsAPrivilegedPort) {
  int first_unprivileged = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> first_unprivileged;
  if (first_unprivileged <= 7) GTEST_SKIP() << "any user may bind to any port here";
  if (::geteuid() == 0) {
    const Outcome outcome = run("setpriv", {"--reuid=65534", "--bounding-set=-all", ECHO_SERVER,
                                            "-H", "127.0.0.1", "-p", "7"});
    if (outcome.status == 127) GTEST_SKIP() << "root may bind to any port, and setpriv is missing";
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.error, "echo_server: cannot listen on 127.0.0.1 port 7: Permission denied\n");
  } else {
    expect_rejected(ECHO_SERVER, "echo_server",
                    {{"-H", "127.0.0.1", "-p", "7"}, 1, {"127.0.0.1 port 7", "Permission denied"}});
  }
}

class BothPrograms : public testing::TestWithParam<const char*> {};

TEST_P(BothPrograms, PrintsItsVersion) {
  const Outcome outcome = run(GetParam(), {"--version"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.output.rfind("echo_", 0), 0U) << outcome.output;
  EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
}

TEST_P(BothPrograms, PrintsItsHelpOnStandardOutput) {
  const Outcome outcome = run(GetParam(), {"--help"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.output.rfind("Usage: echo_", 0), 0U) << outcome.output;
  EXPECT_NE(outcome.output.find("\nExamples:\n  echo_"), std::string::npos) << outcome.output;
}

TEST_P(BothPrograms, FailsIfItsHelpCannotBeWritten) {
  const Outcome outcome = run(GetParam(), {"--help"}, {}, {.standard_output = "/dev/full"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.error.find("cannot write standard output"), std::string::npos);
}

TEST_P(BothPrograms, KeepsItsStatusIfStandardErrorIsUnread) {
  const LaunchSettings unread{.error_unread = true};
  EXPECT_EQ(run(GetParam(), {"--no-such-option"}, {}, unread).status, 2);
  EXPECT_EQ(run(GetParam(), {"-H", invalid_name()}, {}, unread).status, 1);
}

INSTANTIATE_TEST_SUITE_P(Each, BothPrograms, testing::Values(ECHO_SERVER, ECHO_CLIENT));

}  // namespace
}  // namespace echo::test
