#include "echo/programs/client_options.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/base/parse.h"
#include "echo/cli/options.h"
#include "echo/client/client.h"
#include "echo/client/target.h"
#include "echo/load/load_settings.h"
#include "echo/os/log.h"
#include "echo/report/expectation.h"
#include "echo/report/presentation.h"
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

ClientOptions parse_client(const Words& words) {
  const CommandLine line(words);
  return parse_client_options(line.argc(), line.argv());
}

std::string client_usage_error(const Words& words) {
  return usage_error_of([&] { parse_client(words); });
}

void expect_client_defaults(const ClientOptions& options) {
  EXPECT_EQ(options.action, Action::kRun);
  EXPECT_EQ(options.log_level, LogLevel::kInfo);
  EXPECT_EQ(options.client.host, "localhost");
  EXPECT_EQ(options.client.port, 10000);
  EXPECT_EQ(options.client.family, AF_UNSPEC);
  EXPECT_EQ(options.client.connections, 2U);
  EXPECT_EQ(options.client.messages,
            (Words{"This is the message. ", "It will be sent ", "in parts."}));
  EXPECT_FALSE(options.client.from_input);
  EXPECT_EQ(options.client.timeout, 10s);
}

TEST(ClientOptions, HasDefaults) { expect_client_defaults(parse_client({})); }

TEST(ClientHelp, ShowsTheDefaults) {
  expect_client_defaults(
      parse_client(defaults_in(client_help(), {"--host", "--port", "--connections", "--timeout"})));
}

TEST(ClientHelp, FitsAScreen) {
  const std::string help = client_help();
  EXPECT_LT(std::count(help.begin(), help.end(), '\n'), 70);
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST(ClientOptions, TakesHost) {
  for (const Words& words : spellings("-H", "--host", "::1")) {
    EXPECT_EQ(parse_client(words).client.host, "::1") << words.front();
  }
}

TEST(ClientOptions, TakesPort) {
  for (const Words& words : spellings("-p", "--port", "7")) {
    EXPECT_EQ(parse_client(words).client.port, 7) << words.front();
  }
}

TEST(ClientOptions, TakesConnections) {
  for (const Words& words : spellings("-c", "--connections", "500")) {
    EXPECT_EQ(parse_client(words).client.connections, 500U) << words.front();
  }
}

TEST(ClientOptions, TakesTimeout) {
  for (const Words& words : spellings("-t", "--timeout", "250ms")) {
    EXPECT_EQ(parse_client(words).client.timeout, 250ms) << words.front();
  }
}

TEST(ClientOptions, TakesADeadlineInBothModes) {
  EXPECT_EQ(parse_client({}).client.deadline, 0s);
  EXPECT_EQ(parse_client({"--deadline", "250ms"}).client.deadline, 250ms);
  EXPECT_EQ(parse_client({"--deadline=1m", "-n1"}).load.deadline, 1min);
}

TEST(ClientOptions, TakesAnAddressFamily) {
  EXPECT_EQ(parse_client({"-4"}).client.family, AF_INET);
  EXPECT_EQ(parse_client({"--ipv4"}).client.family, AF_INET);
  EXPECT_EQ(parse_client({"-6"}).client.family, AF_INET6);
  EXPECT_EQ(parse_client({"--ipv6"}).client.family, AF_INET6);
}

TEST(ClientOptions, TakesAddressesToConnectFromInBothModes) {
  for (const Words& words : spellings("-B", "--bind", "127.0.0.2,::1")) {
    const ClientOptions options = parse_client(words);
    for (const Target* const target :
         std::initializer_list<const Target*>{&options.client, &options.load}) {
      ASSERT_EQ(target->origin.addresses.size(), 2U);
      EXPECT_EQ(target->origin.addresses[0].host(), "127.0.0.2");
      EXPECT_EQ(target->origin.addresses[1].host(), "::1");
      EXPECT_EQ(target->family, AF_UNSPEC);
    }
  }
}

TEST(ClientOptions, UsesTheFamilyOfTheAddressesToConnectFrom) {
  EXPECT_EQ(parse_client({"-B127.0.0.2"}).client.family, AF_INET);
  EXPECT_EQ(parse_client({"-B::1", "-n1"}).load.family, AF_INET6);
  EXPECT_EQ(parse_client({"-B::1", "-6"}).client.family, AF_INET6);
}

TEST(ClientOptions, TakesAnInterfaceInBothModes) {
  const ClientOptions options = parse_client({"--interface", "eth0"});
  EXPECT_EQ(options.client.origin.device, "eth0");
  EXPECT_EQ(options.load.origin.device, "eth0");
}

TEST(ClientOptions, TakesAClassOfServiceInBothModes) {
  const ClientOptions options = parse_client({"--dscp", "EF"});
  EXPECT_EQ(options.client.origin.dscp, 46U);
  EXPECT_EQ(options.load.origin.dscp, 46U);
}

TEST(ClientOptions, TakesAllAddressesInBothModes) {
  EXPECT_FALSE(parse_client({}).client.all_addresses);
  const ClientOptions options = parse_client({"--all-addresses"});
  EXPECT_TRUE(options.client.all_addresses);
  EXPECT_TRUE(options.load.all_addresses);
}

TEST(ClientOptions, TakesTheKindOfArrivals) {
  const LoadSettings even = parse_client({"-n1", "-r0.5"}).load;
  EXPECT_EQ(even.rate.period, 2s * even.rate.count);
  EXPECT_FALSE(even.poisson || even.no_catch_up);
  const LoadSettings load = parse_client({"-I1s", "--poisson", "--no-catch-up"}).load;
  EXPECT_TRUE(load.poisson);
  EXPECT_TRUE(load.no_catch_up);
}

TEST(ClientOptions, TakesTextAndData) {
  EXPECT_TRUE(parse_client({"-n1", "--text"}).load.text);
  EXPECT_EQ(parse_client({"-n1", "--data", "a file"}).load.data_file, "a file");
}

TEST(ClientOptions, ConnectsInAChurnOfEmptyMessages) {
  const LoadSettings load = parse_client({"-n1", "--connect"}).load;
  EXPECT_TRUE(load.connect_only);
  EXPECT_TRUE(load.churn);
  EXPECT_EQ(load.sizes.most, 0U);
}

TEST(ClientOptions, SetsTheDebugLevel) {
  EXPECT_EQ(parse_client({"-v"}).log_level, LogLevel::kDebug);
  EXPECT_EQ(parse_client({"--verbose"}).log_level, LogLevel::kDebug);
}

TEST(ClientOptions, SetsTheErrorLevel) {
  EXPECT_EQ(parse_client({"--quiet"}).log_level, LogLevel::kError);
}

TEST(ClientOptions, PrefersTheLastContradictoryOption) {
  EXPECT_EQ(parse_client({"-4", "-6"}).client.family, AF_INET6);
  EXPECT_EQ(parse_client({"--quiet", "-v"}).log_level, LogLevel::kDebug);
}

TEST(ClientOptions, AcceptsTheLimitsOfEachRange) {
  EXPECT_EQ(parse_client({"-p", "1"}).client.port, 1);
  EXPECT_EQ(parse_client({"-p", "65535"}).client.port, 65535);
  EXPECT_EQ(parse_client({"-c", "1"}).client.connections, 1U);
  EXPECT_EQ(parse_client({"-c", "1000000"}).client.connections, 1000000U);
  EXPECT_EQ(parse_client({"-t", "0"}).client.timeout, 0s);
}

TEST(ClientOptions, TakesArgumentsAsMessages) {
  EXPECT_EQ(parse_client({"one", "-v", "two words", "one"}).client.messages,
            (Words{"one", "two words", "one"}));
}

TEST(ClientOptions, TakesOptionLikeMessagesAfterTwoDashes) {
  EXPECT_EQ(parse_client({"--", "-v", "--help"}).client.messages, (Words{"-v", "--help"}));
}

TEST(ClientOptions, TakesADashAsStandardInput) {
  const ClientOptions options = parse_client({"-"});
  EXPECT_TRUE(options.client.from_input);
  EXPECT_EQ(options.client.messages, Words{});
}

TEST(ClientOptions, RejectsADashAmongMessages) {
  for (const Words& words : {Words{"-", "one"}, Words{"one", "-"}, Words{"-", "-"}}) {
    EXPECT_EQ(client_usage_error(words), "'-' (standard input) cannot be combined with a message");
  }
}

TEST(ClientOptions, RejectsAnEmptyMessage) {
  EXPECT_EQ(client_usage_error({"one", ""}), "MESSAGE '' is empty; send at least one byte");
}

TEST(ClientOptions, RejectsPort0) {
  EXPECT_EQ(client_usage_error({"-p", "0"}), "--port: '0' is not a port to connect to");
}

TEST(ClientOptions, StopsAtHelp) {
  EXPECT_EQ(parse_client({"--help"}).action, Action::kHelp);
  EXPECT_EQ(parse_client({"--help", "--nope", "-", "-"}).action, Action::kHelp);
}

TEST(ClientOptions, StopsAtVersion) {
  EXPECT_EQ(parse_client({"--version"}).action, Action::kVersion);
  EXPECT_EQ(parse_client({"--version", "--help"}).action, Action::kVersion);
}

TEST(ClientOptions, ReportsTheOptionAndItsBadValue) {
  expect_refused({{"-p", "--port", "65536"},
                  {"-p", "--port", ""},
                  {"-c", "--connections", "0"},
                  {"-c", "--connections", "1000001"},
                  {"-c", "--connections", "two"},
                  {"-B", "--bind", ""},
                  {"-B", "--bind", "localhost"},
                  {"-B", "--bind", "127.0.0.1,"},
                  {"--interface", "--interface", ""},
                  {"--dscp", "--dscp", "64"},
                  {"--dscp", "--dscp", "XX"},
                  {"-t", "--timeout", "1d"},
                  {"-t", "--timeout", "-5"}},
                 client_usage_error);
}

TEST(ClientOptions, ReportsAnUnknownOption) {
  EXPECT_EQ(client_usage_error({"-x"}), "unknown option '-x'; see --help");
  EXPECT_EQ(client_usage_error({"--nope"}), "unknown option '--nope'; see --help");
}

TEST(ClientOptions, ReportsAnAmbiguousOption) {
  EXPECT_EQ(client_usage_error({"--ip"}),
            "ambiguous option '--ip'; did you mean '--ipv4' or '--ipv6'?");
}

TEST(ClientOptions, ReportsAMissingValue) {
  for (const std::string option :
       {"-H", "-p", "-c", "-t", "--host", "--port", "--connections", "--timeout"}) {
    EXPECT_EQ(client_usage_error({option}), "option '" + option + "' needs a value");
  }
}

TEST(ClientOptions, ReportsAnUnexpectedValue) {
  for (const std::string option :
       {"--ipv4=1", "--ipv6=1", "--verbose=1", "--quiet=1", "--help=1", "--version=1"}) {
    EXPECT_EQ(client_usage_error({option}), "option '" + option + "' takes no value");
  }
}

TEST(ClientOptions, MeasuresWithACountADurationOrAnInterval) {
  EXPECT_FALSE(parse_client({}).measures);
  EXPECT_TRUE(parse_client({"-n", "1"}).measures);
  EXPECT_TRUE(parse_client({"-D", "1s"}).measures);
  EXPECT_TRUE(parse_client({"-I", "1s"}).measures);
}

void expect_measuring_defaults(const ClientOptions& options) {
  const LoadSettings& load = options.load;
  EXPECT_EQ(load.host, "localhost");
  EXPECT_EQ(load.port, 10000);
  EXPECT_EQ(load.family, AF_UNSPEC);
  EXPECT_EQ(load.connections, 1U);
  EXPECT_EQ(load.timeout, 10s);
  EXPECT_EQ(load.count, 7U);
  EXPECT_EQ(load.duration, 0s);
  EXPECT_EQ(load.sizes.least, 64U);
  EXPECT_EQ(load.sizes.most, 64U);
  EXPECT_EQ(load.pipeline, 1U);
  EXPECT_EQ(load.rate.count, 0U);
  EXPECT_EQ(load.ramp, 0s);
  EXPECT_EQ(load.warmup, 0s);
  EXPECT_EQ(load.idle, 0U);
  EXPECT_FALSE(load.churn);
  EXPECT_FALSE(load.half_close);
  EXPECT_FALSE(load.reconnect);
  EXPECT_EQ(options.presentation.format, OutputFormat::kTable);
  EXPECT_EQ(options.presentation.sample, std::nullopt);
  EXPECT_FALSE(options.presentation.histogram);
  EXPECT_FALSE(options.presentation.ascii);
  EXPECT_EQ(options.presentation.svg, "");
  EXPECT_EQ(options.presentation.hdr, "");
  EXPECT_TRUE(options.presentation.expectations.empty());
}

TEST(ClientOptions, HasMeasuringDefaults) { expect_measuring_defaults(parse_client({"-n", "7"})); }

TEST(ClientHelp, ShowsTheMeasuringDefaults) {
  Words words =
      defaults_in(client_help(), {"--host", "--port", "--timeout", "--size", "--pipeline"});
  words.emplace_back("--count=7");
  expect_measuring_defaults(parse_client(words));
}

TEST(ClientOptions, TakesConnectingOptionsWhenMeasuring) {
  const LoadSettings load = parse_client({"-H::1", "-p7", "-c9", "-t1s", "-6", "-n1"}).load;
  EXPECT_EQ(load.host, "::1");
  EXPECT_EQ(load.port, 7);
  EXPECT_EQ(load.connections, 9U);
  EXPECT_EQ(load.timeout, 1s);
  EXPECT_EQ(load.family, AF_INET6);
}

TEST(ClientOptions, TakesDuration) {
  for (const Words& words : spellings("-D", "--duration", "250ms")) {
    EXPECT_EQ(parse_client(words).load.duration, 250ms) << words.front();
  }
}

TEST(ClientOptions, TakesIntervalForAPing) {
  for (const Words& words : spellings("-I", "--interval", "250ms")) {
    const ClientOptions options = parse_client(words);
    EXPECT_EQ(options.load.rate.count, 1U) << words.front();
    EXPECT_EQ(options.load.rate.period, 250ms) << words.front();
    EXPECT_EQ(options.load.pipeline, 100'000U) << words.front();
    EXPECT_EQ(options.presentation.format, OutputFormat::kPing) << words.front();
    EXPECT_TRUE(options.load.reconnect) << words.front();
  }
}

TEST(ClientOptions, TakesSizes) {
  EXPECT_EQ(parse_client({"-n1", "-s", "4K"}).load.sizes.most, 4096U);
  const SizeRange range = parse_client({"-n1", "--size=64-64K"}).load.sizes;
  EXPECT_EQ(range.least, 64U);
  EXPECT_EQ(range.most, 65536U);
}

TEST(ClientOptions, TakesPipeline) {
  EXPECT_EQ(parse_client({"-n1", "-P", "100"}).load.pipeline, 100U);
  EXPECT_EQ(parse_client({"-D1", "-r5", "--pipeline=3"}).load.pipeline, 3U);
}

TEST(ClientOptions, AllowsManyMessagesInFlightAtARate) {
  for (const char* rate : {"1000", "1000/s"}) {
    const LoadSettings load = parse_client({"-D1", "-r", rate}).load;
    EXPECT_EQ(load.rate.count, 1000U);
    EXPECT_EQ(load.rate.period, 1s);
    EXPECT_EQ(load.pipeline, 100'000U);
  }
}

TEST(ClientOptions, TakesConnectionOptions) {
  const LoadSettings load = parse_client({"-D9", "--ramp=2s", "--churn", "--idle=5", "--half-close",
                                          "--warmup=1s", "--reconnect"})
                                .load;
  EXPECT_EQ(load.ramp, 2s);
  EXPECT_TRUE(load.churn);
  EXPECT_EQ(load.idle, 5U);
  EXPECT_TRUE(load.half_close);
  EXPECT_EQ(load.warmup, 1s);
  EXPECT_TRUE(load.reconnect);
}

TEST(ClientOptions, TakesOutputOptions) {
  EXPECT_EQ(parse_client({"-n1", "--json"}).presentation.format, OutputFormat::kJson);
  EXPECT_EQ(parse_client({"-I1", "--json"}).presentation.format, OutputFormat::kJson);
  EXPECT_EQ(parse_client({"-n1", "--csv"}).presentation.format, OutputFormat::kCsv);
  EXPECT_EQ(parse_client({"-I1", "--openmetrics"}).presentation.format, OutputFormat::kOpenMetrics);
  EXPECT_EQ(parse_client({"-n1", "--csv", "--sample=1ms"}).presentation.sample, 1ms);
  EXPECT_EQ(parse_client({"-n1", "--json", "--sample=1"}).presentation.sample, 1s);
  EXPECT_EQ(parse_client({"-n1", "--svg", "file"}).presentation.svg, "file");
  EXPECT_EQ(parse_client({"-n1", "--hdr", "file"}).presentation.hdr, "file");
  EXPECT_TRUE(parse_client({"-n1", "--histogram"}).presentation.histogram);
  EXPECT_TRUE(parse_client({"-n1", "--histogram", "--ascii"}).presentation.ascii);
}

TEST(ClientOptions, TakesEachExpectation) {
  const Expectations expectations =
      parse_client({"-n1", "--expect", "p99<5ms", "--expect=loss<0.1%"}).presentation.expectations;
  ASSERT_EQ(expectations.size(), 2U);
  EXPECT_EQ(expectations[0].text, "p99<5ms");
  EXPECT_EQ(expectations[1].text, "loss<0.1%");
}

TEST(ClientOptions, ListsThePossibleExpectations) {
  EXPECT_EQ(client_usage_error({"-n1", "--expect", "p98<5ms"}),
            "--expect: 'p98<5ms' is not an expectation such as 'p99<5ms', 'loss<0.1%', 'rate>=990' "
            "or 'errors<1'; figures: min, mean, p50, p90, p99, p99.9, p99.99, max, loss, rate, "
            "errors; operators: <, <=, >, >=");
  EXPECT_EQ(client_usage_error({"-n1", "--expect", "loss<101%"}),
            "--expect: 'loss<101%' is out of range (its limit is too large or has too many "
            "decimals)");
}

TEST(ClientOptions, TakesDecimalsAndUnits) {
  EXPECT_EQ(parse_client({"-n10K", "-c1.5K"}).load.count, 10'000U);
  EXPECT_EQ(parse_client({"-n10K", "-c1.5K"}).load.connections, 1'500U);
  EXPECT_EQ(parse_client({"-D1.5s"}).load.duration, 1500ms);
  EXPECT_EQ(parse_client({"-n1", "-P0.1K", "--idle=2k"}).load.pipeline, 100U);
  EXPECT_EQ(parse_client({"-n1", "-s0.5K-1.5M"}).load.sizes.most, 3U << 19);
  EXPECT_EQ(parse_client({"-n1", "-r0.5"}).load.rate.period, 2s);
  EXPECT_EQ(parse_client({"-n1", "-r10/m"}).load.rate.period, 1min);
}

TEST(ClientOptions, TakesAnOptionalSeed) {
  EXPECT_EQ(parse_client({"-n1", "--seed=7"}).seed, 7U);
  EXPECT_EQ(parse_client({"-n1"}).seed, std::nullopt);
}

TEST(ClientOptions, TakesABracketedIpv6AddressWithoutAPort) {
  EXPECT_EQ(parse_client({"-H[::1]"}).client.host, "::1");
  EXPECT_NE(client_usage_error({"-H", "localhost:7"}).find("--port"), std::string::npos);
}

TEST(ClientOptions, HintsIfAMessageLooksLikeAServer) {
  for (const std::string host : {"127.0.0.1", "::1", "[::1]", "[::1]:7", "127.0.0.1:7", "localhost",
                                 "localhost:10000", "echo.example.net", "echo.example.net:7"}) {
    EXPECT_EQ(parse_client({host}).hint,
              "'" + host + "' is sent as a message; use --host to name the server");
    EXPECT_NE(parse_client({host, "7"}).hint, "");
    EXPECT_EQ(parse_client({"-H", "::1", host}).hint, "");
    EXPECT_NE(client_usage_error({"-n1", host}).find("use --host to name the server"),
              std::string::npos);
  }
}

TEST(ClientOptions, GivesNoHintForOtherMessages) {
  for (const std::string message : {"ping", "Hello.", "in parts.", "1.5", "v1.2.3", "a:b", "...",
                                    ".", ":", "7", "This is it. Really", ":7", "what?no.way"}) {
    EXPECT_EQ(parse_client({message}).hint, "") << message;
  }
  EXPECT_EQ(parse_client({}).hint, "");
}

TEST(ClientOptions, RejectsMessagesWhenMeasuring) {
  EXPECT_EQ(client_usage_error({"-n1", "one"}),
            "MESSAGE 'one' cannot be combined with --count, --duration or --interval");
  EXPECT_EQ(client_usage_error({"-n1", "-"}),
            "MESSAGE '-' cannot be combined with --count, --duration or --interval");
}

TEST(ClientOptions, RejectsMeasuringOptionsWithoutAMeasurement) {
  const std::vector<std::pair<std::string, Words>> options{{"size", {"-s1"}},
                                                           {"text", {"--text"}},
                                                           {"data", {"--data=x"}},
                                                           {"pipeline", {"-P1"}},
                                                           {"rate", {"-r1"}},
                                                           {"poisson", {"--poisson"}},
                                                           {"no-catch-up", {"--no-catch-up"}},
                                                           {"ramp", {"--ramp=1"}},
                                                           {"churn", {"--churn"}},
                                                           {"connect", {"--connect"}},
                                                           {"idle", {"--idle=1"}},
                                                           {"half-close", {"--half-close"}},
                                                           {"warmup", {"--warmup=1"}},
                                                           {"reconnect", {"--reconnect"}},
                                                           {"histogram", {"--histogram"}},
                                                           {"ascii", {"--ascii"}},
                                                           {"json", {"--json"}},
                                                           {"csv", {"--csv"}},
                                                           {"openmetrics", {"--openmetrics"}},
                                                           {"sample", {"--sample=1"}},
                                                           {"svg", {"--svg=x"}},
                                                           {"hdr", {"--hdr=x"}},
                                                           {"expect", {"--expect=max<1s"}},
                                                           {"seed", {"--seed=1"}}};
  for (const auto& [name, words] : options) {
    EXPECT_EQ(client_usage_error(words),
              "option '--" + name + "' needs --count, --duration or --interval");
  }
}

TEST(ClientOptions, RejectsConflictingOptions) {
  const std::vector<std::pair<std::string, Words>> clashes{
      {"option '--rate' cannot be combined with option '--interval'", {"-r1", "-I1"}},
      {"option '--pipeline' cannot be combined with option '--churn'", {"-n1", "-P2", "--churn"}},
      {"option '--ramp' cannot be combined with option '--interval'", {"-I1", "--ramp=1"}},
      {"option '--warmup' cannot be combined with option '--interval'", {"-I1", "--warmup=1"}},
      {"option '--json' cannot be combined with option '--csv'", {"-n1", "--csv", "--json"}},
      {"option '--openmetrics' cannot be combined with option '--json'",
       {"-n1", "--openmetrics", "--json"}},
      {"option '--openmetrics' cannot be combined with option '--csv'",
       {"-n1", "--openmetrics", "--csv"}},
      {"option '--histogram' cannot be combined with option '--openmetrics'",
       {"-n1", "--histogram", "--openmetrics"}},
      {"option '--histogram' cannot be combined with option '--json'",
       {"-n1", "--histogram", "--json"}},
      {"option '--histogram' cannot be combined with option '--csv'",
       {"-n1", "--histogram", "--csv"}},
      {"option '--connect' cannot be combined with option '--size'", {"-n1", "--connect", "-s1"}},
      {"option '--connect' cannot be combined with option '--text'",
       {"-n1", "--connect", "--text"}},
      {"option '--connect' cannot be combined with option '--data'",
       {"-n1", "--connect", "--data=x"}},
      {"option '--data' cannot be combined with option '--size'", {"-n1", "--data=x", "-s1"}},
      {"option '--data' cannot be combined with option '--text'", {"-n1", "--data=x", "--text"}},
      {"option '--poisson' needs --rate or --interval", {"-n1", "--poisson"}},
      {"option '--no-catch-up' needs --rate or --interval", {"-n1", "--no-catch-up"}},
      {"option '--text' needs a --size of at most 64K", {"-n1", "--text", "-s1-65537"}},
      {"option '--connect' cannot be combined with option '--pipeline'",
       {"-n1", "--connect", "-P2"}},
      {"option '--connect' cannot be combined with option '--half-close'",
       {"-n1", "--connect", "--half-close"}},
      {"option '--connect' cannot be combined with option '--idle'",
       {"-n1", "--connect", "--idle=1"}},
      {"option '--bind' needs addresses of the family that --ipv4 chooses", {"-4", "-B", "::1"}},
      {"option '--bind' needs addresses of the family that --ipv6 chooses",
       {"-6", "-B", "::1,127.0.0.1"}},
      {"option '--interval' uses one connection, not 2", {"-I1", "-c2"}},
      {"option '--ramp' cannot be combined with --churn and --rate together",
       {"-D9", "--ramp=1", "--churn", "-r1"}},
      {"option '--ramp' is longer than --warmup and --duration together",
       {"-D1", "--warmup=1", "--ramp=2001ms"}},
      {"option '--ascii' needs --histogram", {"-n1", "--ascii"}},
      {"option '--sample' needs --csv, --json or --svg", {"-n1", "--sample=1"}},
      {"option '--sample' needs --csv, --json or --svg", {"-n1", "--sample=1", "--openmetrics"}}};
  for (const auto& [error, words] : clashes) EXPECT_EQ(client_usage_error(words), error);
}

TEST(ClientOptions, TakesFilesToMerge) {
  EXPECT_EQ(parse_client({"a.json"}).files, Words{});
  EXPECT_EQ(parse_client({"--merge", "a.json", "b.json"}).files, (Words{"a.json", "b.json"}));
  EXPECT_EQ(parse_client({"a.json", "--merge", "--quiet"}).files, Words{"a.json"});
  EXPECT_EQ(parse_client({"--merge", "--json", "a"}).presentation.format, OutputFormat::kJson);
  EXPECT_TRUE(parse_client({"--merge", "--histogram", "--ascii", "-v", "a"}).presentation.ascii);
}

TEST(ClientOptions, RejectsOtherOptionsWithMerge) {
  const std::vector<std::pair<std::string, Words>> options{{"host", {"-H::1"}},
                                                           {"port", {"-p7"}},
                                                           {"connections", {"-c1"}},
                                                           {"timeout", {"-t1"}},
                                                           {"deadline", {"--deadline=1"}},
                                                           {"ipv4", {"-4"}},
                                                           {"ipv6", {"-6"}},
                                                           {"count", {"-n1"}},
                                                           {"duration", {"-D1"}},
                                                           {"interval", {"-I1"}},
                                                           {"size", {"-s1"}},
                                                           {"rate", {"-r1"}},
                                                           {"seed", {"--seed=1"}},
                                                           {"csv", {"--csv"}},
                                                           {"sample", {"--sample=1"}},
                                                           {"svg", {"--svg=x"}}};
  for (const auto& [name, words] : options) {
    Words all{"--merge", "a.json"};
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_EQ(client_usage_error(all),
              "option '--" + name + "' cannot be combined with option '--merge'");
  }
  EXPECT_EQ(client_usage_error({"--merge", "a", "--json", "--histogram"}),
            "option '--histogram' cannot be combined with option '--json'");
  EXPECT_EQ(client_usage_error({"--merge", "a", "--ascii"}), "option '--ascii' needs --histogram");
}

TEST(ClientOptions, MergesNoStandardInput) {
  for (const Words& words : {Words{"--merge", "-"}, Words{"--merge", "a.json", "-"}}) {
    EXPECT_EQ(client_usage_error(words), "'-' is not a FILE with results; use /dev/stdin");
  }
}

TEST(ClientOptions, LimitsTheNumberOfFilesToMerge) {
  EXPECT_EQ(client_usage_error({"--merge"}), "option '--merge' needs a FILE with results");
  Words words(1001, "a.json");
  words.front() = "--merge";
  EXPECT_EQ(parse_client(words).files.size(), 1000U);
  words.emplace_back("b.json");
  EXPECT_EQ(client_usage_error(words), "option '--merge' takes at most 1000 files, not 1001");
}

TEST(ClientOptions, ReportsABadMeasuringValue) {
  expect_refused({{"-n", "--count", "0"},
                  {"-n", "--count", "1000000000001"},
                  {"-n", "--count", "many"},
                  {"-D", "--duration", "0"},
                  {"-D", "--duration", "1d"},
                  {"-I", "--interval", "0s"},
                  {"-s", "--size", "0"},
                  {"-s", "--size", "2G"},
                  {"-s", "--size", "64-32"},
                  {"--data", "--data", ""},
                  {"--data", "--data", "-"},
                  {"-P", "--pipeline", "0"},
                  {"-P", "--pipeline", "1000001"},
                  {"-r", "--rate", "0/s"},
                  {"-r", "--rate", "10000001"},
                  {"-r", "--rate", "5/d"}},
                 client_usage_error);
  for (const std::string option : {"--ramp", "--idle", "--warmup", "--sample", "--seed"}) {
    EXPECT_EQ(client_usage_error({option + "=x"}).find(option + ": 'x' is "), 0U);
  }
  EXPECT_EQ(client_usage_error({"--sample=999us"}),
            "--sample: '999us' is out of range (at least 1ms)");
  EXPECT_EQ(client_usage_error({"--seed=9007199254740992"}),
            "--seed: '9007199254740992' is out of range (0 to 9007199254740991)");
  for (const std::string option : {"--svg", "--hdr"}) {
    EXPECT_EQ(client_usage_error({option + "="}), option + ": '' is not a file name");
    EXPECT_EQ(client_usage_error({option + "=-"}),
              option + ": '-' is not a file name; standard output carries the results");
  }
}

TEST(ClientOptions, AcceptsTheLimitsOfMeasuringRanges) {
  EXPECT_EQ(parse_client({"-n", "1000000000000"}).load.count, 1'000'000'000'000U);
  EXPECT_EQ(parse_client({"-n1", "-s1-1G"}).load.sizes.most, 1U << 30);
  EXPECT_EQ(parse_client({"-n1", "-P1000000"}).load.pipeline, 1'000'000U);
  EXPECT_EQ(parse_client({"-n1", "-r10000000"}).load.rate.count, 10'000'000U);
  EXPECT_EQ(parse_client({"-n1", "--idle=1000000"}).load.idle, 1'000'000U);
  EXPECT_EQ(parse_client({"-n1", "--idle=0", "--ramp=0", "--warmup=0"}).load.idle, 0U);
}

}  // namespace
}  // namespace echo
