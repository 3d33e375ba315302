#include "echo/client_options.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "echo/client.h"
#include "echo/log.h"
#include "echo/options.h"
#include "support/command_line.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

using testing::CommandLine;
using testing::expect_refused;
using testing::spellings;
using testing::usage_error_of;
using testing::Words;

ClientOptions parse(const Words& words) {
  const CommandLine line(words);
  return parse_client_options(line.argc(), line.argv());
}

std::string usage_error(const Words& words) {
  return usage_error_of([&] { parse(words); });
}

TEST(ClientOptions, HasDefaults) {
  const ClientOptions options = parse({});
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

TEST(ClientOptions, TakesHost) {
  for (const Words& words : spellings("-H", "--host", "::1")) {
    EXPECT_EQ(parse(words).client.host, "::1") << words.front();
  }
}

TEST(ClientOptions, TakesPort) {
  for (const Words& words : spellings("-p", "--port", "7")) {
    EXPECT_EQ(parse(words).client.port, 7) << words.front();
  }
}

TEST(ClientOptions, TakesConnections) {
  for (const Words& words : spellings("-c", "--connections", "500")) {
    EXPECT_EQ(parse(words).client.connections, 500U) << words.front();
  }
}

TEST(ClientOptions, TakesTimeout) {
  for (const Words& words : spellings("-t", "--timeout", "250ms")) {
    EXPECT_EQ(parse(words).client.timeout, 250ms) << words.front();
  }
}

TEST(ClientOptions, TakesOneFamily) {
  EXPECT_EQ(parse({"-4"}).client.family, AF_INET);
  EXPECT_EQ(parse({"--ipv4"}).client.family, AF_INET);
  EXPECT_EQ(parse({"-6"}).client.family, AF_INET6);
  EXPECT_EQ(parse({"--ipv6"}).client.family, AF_INET6);
}

TEST(ClientOptions, TakesVerboseForDebug) {
  EXPECT_EQ(parse({"-v"}).log_level, LogLevel::kDebug);
  EXPECT_EQ(parse({"--verbose"}).log_level, LogLevel::kDebug);
}

TEST(ClientOptions, TakesQuietForError) {
  EXPECT_EQ(parse({"--quiet"}).log_level, LogLevel::kError);
}

TEST(ClientOptions, TakesTheLastOfOptionsThatContradict) {
  EXPECT_EQ(parse({"-4", "-6"}).client.family, AF_INET6);
  EXPECT_EQ(parse({"--quiet", "-v"}).log_level, LogLevel::kDebug);
}

TEST(ClientOptions, TakesTheEndsOfEachRange) {
  EXPECT_EQ(parse({"-p", "1"}).client.port, 1);
  EXPECT_EQ(parse({"-p", "65535"}).client.port, 65535);
  EXPECT_EQ(parse({"-c", "1"}).client.connections, 1U);
  EXPECT_EQ(parse({"-c", "1000000"}).client.connections, 1000000U);
  EXPECT_EQ(parse({"-t", "0"}).client.timeout, 0s);
}

TEST(ClientOptions, TakesArgumentsForMessages) {
  EXPECT_EQ(parse({"one", "-v", "two words", "one"}).client.messages,
            (Words{"one", "two words", "one"}));
}

TEST(ClientOptions, TakesMessagesThatLookLikeOptionsAfterTwoDashes) {
  EXPECT_EQ(parse({"--", "-v", "--help"}).client.messages, (Words{"-v", "--help"}));
}

TEST(ClientOptions, TakesADashForStandardInput) {
  const ClientOptions options = parse({"-"});
  EXPECT_TRUE(options.client.from_input);
  EXPECT_EQ(options.client.messages, Words{});
}

TEST(ClientOptions, RefusesADashAmongMessages) {
  for (const Words& words : {Words{"-", "one"}, Words{"one", "-"}, Words{"-", "-"}}) {
    EXPECT_EQ(usage_error(words), "'-' (standard input) goes with no other message");
  }
}

TEST(ClientOptions, RefusesAnEmptyMessage) {
  EXPECT_EQ(usage_error({"one", ""}), "a message is '', and nothing would come back of it");
}

TEST(ClientOptions, RefusesPort0) {
  EXPECT_EQ(usage_error({"-p", "0"}), "--port: '0' is no port to connect to");
}

TEST(ClientOptions, AsksForHelpAtOnce) {
  EXPECT_EQ(parse({"--help"}).action, Action::kHelp);
  EXPECT_EQ(parse({"--help", "--nope", "-", "-"}).action, Action::kHelp);
}

TEST(ClientOptions, AsksForTheVersionAtOnce) {
  EXPECT_EQ(parse({"--version"}).action, Action::kVersion);
  EXPECT_EQ(parse({"--version", "--help"}).action, Action::kVersion);
}

TEST(ClientOptions, NamesTheOptionAndItsBadValue) {
  expect_refused({{"-p", "--port", "65536"},
                  {"-p", "--port", ""},
                  {"-c", "--connections", "0"},
                  {"-c", "--connections", "1000001"},
                  {"-c", "--connections", "two"},
                  {"-t", "--timeout", "1d"},
                  {"-t", "--timeout", "-5"}},
                 usage_error);
}

TEST(ClientOptions, NamesAnUnknownOption) {
  EXPECT_EQ(usage_error({"-x"}), "unknown option '-x'");
  EXPECT_EQ(usage_error({"--nope"}), "unknown or ambiguous option '--nope'");
}

TEST(ClientOptions, NamesAnAmbiguousOption) {
  EXPECT_EQ(usage_error({"--ip"}), "unknown or ambiguous option '--ip'");
}

TEST(ClientOptions, NamesAnOptionThatMissesItsValue) {
  for (const std::string option :
       {"-H", "-p", "-c", "-t", "--host", "--port", "--connections", "--timeout"}) {
    EXPECT_EQ(usage_error({option}), "option '" + option + "' needs a value");
  }
}

TEST(ClientOptions, NamesAnOptionThatTakesNoValue) {
  for (const std::string option :
       {"--ipv4=1", "--ipv6=1", "--verbose=1", "--quiet=1", "--help=1", "--version=1"}) {
    EXPECT_EQ(usage_error({option}), "option '" + option + "' takes no value");
  }
}

TEST(ClientHelp, NamesEveryOption) {
  for (const std::string_view option :
       {"-H, --host ADDR ", "-p, --port PORT ", "-c, --connections N ", "-t, --timeout TIME ",
        "-4, --ipv4 ", "-6, --ipv6 ", "-v, --verbose ", "    --quiet ", "    --help ",
        "    --version "}) {
    EXPECT_NE(client_help().find(option), std::string_view::npos) << option;
  }
}

}  // namespace
}  // namespace echo
