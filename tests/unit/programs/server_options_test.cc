#include "echo/programs/server_options.h"

#include <gtest/gtest.h>

#include <chrono>
#include <climits>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/cli/options.h"
#include "echo/os/log.h"
#include "echo/server/server_settings.h"
#include "support/command_line.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

using test::CommandLine;
using test::defaults_in;
using test::expect_refused;
using test::spellings;
using test::usage_error_of;
using test::Words;

ServerOptions parse_server(const Words& words) {
  const CommandLine line(words);
  return parse_server_options(line.argc(), line.argv());
}

std::string server_usage_error(const Words& words) {
  return usage_error_of([&] { parse_server(words); });
}

void expect_server_defaults(const ServerOptions& options) {
  EXPECT_EQ(options.action, Action::kRun);
  EXPECT_EQ(options.log_level, LogLevel::kInfo);
  EXPECT_EQ(options.hosts, Words{"localhost"});
  EXPECT_EQ(options.server.listen.port, 10000);
  EXPECT_EQ(options.server.listen.backlog, 4096);
  EXPECT_FALSE(options.server.listen.reuse_port);
  EXPECT_EQ(options.server.listen.keepalive, 2min);
  EXPECT_EQ(options.server.max_connections, 0U);
  EXPECT_EQ(options.server.max_per_host, 0U);
  EXPECT_EQ(options.server.max_queue, std::size_t{256} << 10);
  EXPECT_EQ(options.server.idle_timeout, 0s);
  EXPECT_EQ(options.server.drain_timeout, 5s);
}

TEST(ServerOptions, HasDefaults) { expect_server_defaults(parse_server({})); }

TEST(ServerHelp, ShowsTheDefaults) {
  expect_server_defaults(
      parse_server(defaults_in(server_help(), {"--host", "--port", "--backlog", "--max-connections",
                                               "--max-per-host", "--max-queue", "--idle-timeout",
                                               "--keepalive", "--drain-timeout", "--log-level"})));
}

TEST(ServerOptions, TakesHost) {
  for (const Words& words : spellings("-H", "--host", "::1")) {
    EXPECT_EQ(parse_server(words).hosts, Words{"::1"}) << words.front();
  }
}

TEST(ServerOptions, TakesEveryHostInOrder) {
  EXPECT_EQ(parse_server({"-H", "b", "--host", "a", "-H", "*"}).hosts, (Words{"b", "a", "*"}));
}

TEST(ServerOptions, TakesPort) {
  for (const Words& words : spellings("-p", "--port", "7")) {
    EXPECT_EQ(parse_server(words).server.listen.port, 7) << words.front();
  }
}

TEST(ServerOptions, TakesBacklog) {
  for (const Words& words : spellings("-b", "--backlog", "9")) {
    EXPECT_EQ(parse_server(words).server.listen.backlog, 9) << words.front();
  }
}

TEST(ServerOptions, TakesMaxConnections) {
  for (const Words& words : spellings("-c", "--max-connections", "3")) {
    EXPECT_EQ(parse_server(words).server.max_connections, 3U) << words.front();
  }
}

TEST(ServerOptions, TakesMaxPerHost) {
  for (const Words& words : spellings("-m", "--max-per-host", "3")) {
    EXPECT_EQ(parse_server(words).server.max_per_host, 3U) << words.front();
  }
}

TEST(ServerOptions, TakesMaxQueue) {
  for (const Words& words : spellings("-q", "--max-queue", "64.0K")) {
    EXPECT_EQ(parse_server(words).server.max_queue, 65536U) << words.front();
  }
}

TEST(ServerOptions, TakesIdleTimeout) {
  for (const Words& words : spellings("-i", "--idle-timeout", "10m")) {
    EXPECT_EQ(parse_server(words).server.idle_timeout, 10min) << words.front();
  }
}

TEST(ServerOptions, TakesKeepalive) {
  for (const Words& words : spellings("-k", "--keepalive", "10m")) {
    EXPECT_EQ(parse_server(words).server.listen.keepalive, 10min) << words.front();
  }
}

TEST(ServerOptions, TakesDrainTimeout) {
  for (const Words& words : spellings("-d", "--drain-timeout", "250ms")) {
    EXPECT_EQ(parse_server(words).server.drain_timeout, 250ms) << words.front();
  }
}

TEST(ServerOptions, TakesReusePort) {
  EXPECT_TRUE(parse_server({"--reuse-port"}).server.listen.reuse_port);
}

TEST(ServerOptions, TakesLogLevel) {
  for (const Words& words : spellings("-l", "--log-level", "error")) {
    EXPECT_EQ(parse_server(words).log_level, LogLevel::kError) << words.front();
  }
}

TEST(ServerOptions, SetsTheDebugLevel) {
  EXPECT_EQ(parse_server({"-v"}).log_level, LogLevel::kDebug);
  EXPECT_EQ(parse_server({"--verbose"}).log_level, LogLevel::kDebug);
}

TEST(ServerOptions, SetsTheWarningLevel) {
  EXPECT_EQ(parse_server({"--quiet"}).log_level, LogLevel::kWarning);
}

TEST(ServerOptions, PrefersTheLastContradictoryOption) {
  EXPECT_EQ(parse_server({"-v", "--quiet", "-l", "error"}).log_level, LogLevel::kError);
  EXPECT_EQ(parse_server({"-p", "1", "-p", "2"}).server.listen.port, 2);
}

TEST(ServerOptions, AcceptsTheLimitsOfEachRange) {
  EXPECT_EQ(parse_server({"-p", "0"}).server.listen.port, 0);
  EXPECT_EQ(parse_server({"-p", "65535"}).server.listen.port, 65535);
  EXPECT_EQ(parse_server({"-b", "1"}).server.listen.backlog, 1);
  EXPECT_EQ(parse_server({"-b", "2147483647"}).server.listen.backlog, INT_MAX);
  EXPECT_EQ(parse_server({"-c", "0"}).server.max_connections, 0U);
  EXPECT_EQ(parse_server({"-c", "2147483647"}).server.max_connections, 2147483647U);
  EXPECT_EQ(parse_server({"-m", "0"}).server.max_per_host, 0U);
  EXPECT_EQ(parse_server({"-m", "2147483647"}).server.max_per_host, 2147483647U);
  EXPECT_EQ(parse_server({"-q", "1"}).server.max_queue, 1U);
  EXPECT_EQ(parse_server({"-k", "0"}).server.listen.keepalive, 0s);
  EXPECT_EQ(parse_server({"-k", "32767"}).server.listen.keepalive, 32767s);
  EXPECT_EQ(parse_server({"-d", "0"}).server.drain_timeout, 0s);
}

TEST(ServerOptions, StopsAtHelp) {
  EXPECT_EQ(parse_server({"--help"}).action, Action::kHelp);
  EXPECT_EQ(parse_server({"--help", "--nope", "argument"}).action, Action::kHelp);
}

TEST(ServerOptions, StopsAtVersion) {
  EXPECT_EQ(parse_server({"--version"}).action, Action::kVersion);
  EXPECT_EQ(parse_server({"--version", "--help"}).action, Action::kVersion);
}

TEST(ServerOptions, ReportsTheOptionAndItsBadValue) {
  expect_refused({{"-p", "--port", "65536"},
                  {"-p", "--port", ""},
                  {"-b", "--backlog", "0"},
                  {"-b", "--backlog", "2147483648"},
                  {"-c", "--max-connections", "-1"},
                  {"-c", "--max-connections", "2147483648"},
                  {"-m", "--max-per-host", "-1"},
                  {"-m", "--max-per-host", "2147483648"},
                  {"-q", "--max-queue", "0"},
                  {"-q", "--max-queue", "many"},
                  {"-i", "--idle-timeout", "1d"},
                  {"-k", "--keepalive", "32768"},
                  {"-k", "--keepalive", "often"},
                  {"-d", "--drain-timeout", "-5"},
                  {"-l", "--log-level", "loud"}},
                 server_usage_error);
}

TEST(ServerOptions, ReportsAnUnknownOption) {
  EXPECT_EQ(server_usage_error({"-x"}), "unknown option '-x'; see --help");
  EXPECT_EQ(server_usage_error({"--nope"}), "unknown option '--nope'; see --help");
}

TEST(ServerOptions, ReportsAnAmbiguousOption) {
  EXPECT_EQ(server_usage_error({"--max", "7"}),
            "ambiguous option '--max'; did you mean '--max-connections', '--max-per-host' or "
            "'--max-queue'?");
}

TEST(ServerOptions, ReportsAMissingValue) {
  for (const std::string option : {"-H",
                                   "-p",
                                   "-b",
                                   "-c",
                                   "-m",
                                   "-q",
                                   "-i",
                                   "-k",
                                   "-d",
                                   "-l",
                                   "--host",
                                   "--port",
                                   "--backlog",
                                   "--max-connections",
                                   "--max-per-host",
                                   "--max-queue",
                                   "--idle-timeout",
                                   "--keepalive",
                                   "--drain-timeout",
                                   "--log-level"}) {
    EXPECT_EQ(server_usage_error({option}), "option '" + option + "' needs a value");
  }
}

TEST(ServerOptions, ReportsAnUnexpectedValue) {
  for (const std::string option :
       {"--reuse-port=1", "--verbose=1", "--quiet=1", "--help=1", "--version=1"}) {
    EXPECT_EQ(server_usage_error({option}), "option '" + option + "' takes no value");
  }
}

TEST(ServerOptions, ReportsAnUnexpectedArgument) {
  EXPECT_EQ(server_usage_error({"10000"}),
            "unexpected argument '10000'; did you mean '--port 10000'?");
  EXPECT_EQ(server_usage_error({"-v", "one", "two"}), "unexpected argument 'one'; see --help");
  EXPECT_EQ(server_usage_error({"--", "-v"}), "unexpected argument '-v'; see --help");
}

TEST(ServerHelp, ListsEveryOption) {
  for (const std::string_view option :
       {"-H, --host ADDR ", "-p, --port PORT ", "-b, --backlog N ", "-c, --max-connections N ",
        "-m, --max-per-host N ", "-k, --keepalive TIME ", "-q, --max-queue SIZE ",
        "-i, --idle-timeout TIME ", "-d, --drain-timeout TIME ", "    --reuse-port ",
        "-l, --log-level LEVEL ", "-v, --verbose ", "    --quiet ", "    --help ",
        "    --version "}) {
    EXPECT_NE(server_help().find(option), std::string_view::npos) << option;
  }
}

std::string refusal_with_passed_sockets(const Words& arguments) {
  const CommandLine line(arguments);
  const ServerOptions options = parse_server_options(line.argc(), line.argv());
  return usage_error_of([&] { expect_no_listen_option(options); });
}

TEST(ServerOptions, RejectsListenOptionsWithPassedSockets) {
  const std::vector<std::pair<std::string, Words>> cases{{"--port", {"-v", "-p", "10000"}},
                                                         {"--host", {"--host=::1", "-v"}},
                                                         {"--backlog", {"-b5"}},
                                                         {"--keepalive", {"-k1"}},
                                                         {"--reuse-port", {"--reuse-port"}},
                                                         {"--port", {"-p1", "-b5"}}};
  for (const auto& [option, arguments] : cases) {
    EXPECT_EQ(refusal_with_passed_sockets(arguments),
              option +
                  " cannot be combined with sockets from the service manager; set it in the "
                  "socket unit (systemd.socket(5))");
  }
}

TEST(ServerOptions, AcceptsOtherOptionsWithPassedSockets) {
  EXPECT_EQ(refusal_with_passed_sockets({}), "no error");
  EXPECT_EQ(refusal_with_passed_sockets(
                {"-c1", "-m1", "-q1", "-i1", "-d1", "-l", "info", "-v", "--quiet"}),
            "no error");
}

}  // namespace
}  // namespace echo
