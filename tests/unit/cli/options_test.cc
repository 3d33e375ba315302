#include "echo/cli/options.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "echo/os/log.h"
#include "support/command_line.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

using test::CommandLine;
using test::usage_error_of;
using test::Words;

using Found = std::vector<std::pair<std::string, std::string>>;

// Walks the words as a command line. Returns the names and values of the options, then "argument"
// and the text of each argument.
Found walk(const Words& words) {
  Found found;
  const auto keep = [&](const OptionValue& value) { found.emplace_back(value.option, value.text); };
  const CommandLine line(words);
  const Given given = walk_command_line(line.argc(), line.argv(),
                                        {{'b', "beta", "", "", keep},
                                         {'g', "gamma", "N", "", keep},
                                         {0, "alto", "", "", keep},
                                         {0, "alternative", "TEXT", "", keep}});
  for (const std::string& argument : given.arguments) found.emplace_back("argument", argument);
  return found;
}

std::string walk_error(const Words& words) {
  return usage_error_of([&] { walk(words); });
}

TEST(CommandLineWalk, AcceptsAnEmptyCommandLine) { EXPECT_EQ(walk({}), Found{}); }

TEST(CommandLineWalk, AcceptsShortOptions) {
  EXPECT_EQ(walk({"-b", "-g", "7"}), (Found{{"--beta", ""}, {"--gamma", "7"}}));
}

TEST(CommandLineWalk, AcceptsAValueInTheSameWord) {
  EXPECT_EQ(walk({"-g7"}), (Found{{"--gamma", "7"}}));
}

TEST(CommandLineWalk, AcceptsShortOptionsInOneWord) {
  EXPECT_EQ(walk({"-bbg7"}), (Found{{"--beta", ""}, {"--beta", ""}, {"--gamma", "7"}}));
}

TEST(CommandLineWalk, AcceptsLongOptions) {
  EXPECT_EQ(walk({"--gamma", "7", "--beta"}), (Found{{"--gamma", "7"}, {"--beta", ""}}));
}

TEST(CommandLineWalk, AcceptsAValueAfterAnEqualsSign) {
  EXPECT_EQ(walk({"--gamma=a=b", "--gamma="}), (Found{{"--gamma", "a=b"}, {"--gamma", ""}}));
}

TEST(CommandLineWalk, AcceptsLongOptionsWithoutAShortForm) {
  EXPECT_EQ(walk({"--alto", "--alternative", "x"}),
            (Found{{"--alto", ""}, {"--alternative", "x"}}));
}

TEST(CommandLineWalk, AcceptsAnAbbreviatedLongOption) {
  EXPECT_EQ(walk({"--ga", "7", "--alte=x"}), (Found{{"--gamma", "7"}, {"--alternative", "x"}}));
}

TEST(CommandLineWalk, AcceptsAValueThatLooksLikeAnOption) {
  EXPECT_EQ(walk({"-g", "--beta", "--gamma", "--"}),
            (Found{{"--gamma", "--beta"}, {"--gamma", "--"}}));
}

TEST(CommandLineWalk, AcceptsOptionsAfterArguments) {
  EXPECT_EQ(walk({"one", "-b", "two", "--gamma", "7"}),
            (Found{{"--beta", ""}, {"--gamma", "7"}, {"argument", "one"}, {"argument", "two"}}));
}

TEST(CommandLineWalk, EndsTheOptionsAtTwoDashes) {
  EXPECT_EQ(walk({"-b", "--", "-b", "--nope"}),
            (Found{{"--beta", ""}, {"argument", "-b"}, {"argument", "--nope"}}));
}

TEST(CommandLineWalk, TreatsASingleDashAsAnArgument) {
  EXPECT_EQ(walk({"-"}), (Found{{"argument", "-"}}));
}

TEST(CommandLineWalk, StartsAgainAfterAFailedWalk) {
  walk_error({"-bx", "-b"});
  EXPECT_EQ(walk({"-b"}), (Found{{"--beta", ""}}));
}

TEST(CommandLineWalk, NamesAnUnknownShortOption) {
  EXPECT_EQ(walk_error({"-x"}), "unknown option '-x'; see --help");
}

TEST(CommandLineWalk, NamesAnUnknownLetterAtTheEndOfAWord) {
  EXPECT_EQ(walk_error({"-bx"}), "unknown option '-x'; see --help");
}

TEST(CommandLineWalk, NamesAnUnknownLetterAfterALongOption) {
  EXPECT_EQ(walk_error({"--beta", "-xb"}), "unknown option '-x'; see --help");
}

TEST(CommandLineWalk, NamesAnUnknownLongOption) {
  EXPECT_EQ(walk_error({"--nope"}), "unknown option '--nope'; see --help");
  EXPECT_EQ(walk_error({"-b", "one", "--nope=7"}), "unknown option '--nope=7'; see --help");
}

TEST(CommandLineWalk, NamesAnAmbiguousOption) {
  EXPECT_EQ(walk_error({"--al"}),
            "ambiguous option '--al'; did you mean '--alto' or '--alternative'?");
}

TEST(CommandLineWalk, NamesAnOptionWithoutItsValue) {
  EXPECT_EQ(walk_error({"-g"}), "option '-g' needs a value");
  EXPECT_EQ(walk_error({"-bg"}), "option '-g' needs a value");
  EXPECT_EQ(walk_error({"--gamma"}), "option '--gamma' needs a value");
  EXPECT_EQ(walk_error({"--beta", "-g"}), "option '-g' needs a value");
  EXPECT_EQ(walk_error({"one", "-g"}), "option '-g' needs a value");
  EXPECT_EQ(walk_error({"one", "two", "-b", "-g"}), "option '-g' needs a value");
  EXPECT_EQ(walk_error({"one", "--gamma"}), "option '--gamma' needs a value");
}

TEST(CommandLineWalk, ReadsNothingAfterTheLastWord) {
  const CommandLine line({"-b", "-g", "7"});
  EXPECT_EQ(usage_error_of([&] {
              walk_command_line(
                  line.argc() - 1, line.argv(),
                  {{'b', "beta", "", "", [](auto&) {}}, {'g', "gamma", "N", "", [](auto&) {}}});
            }),
            "option '-g' needs a value");
}

TEST(CommandLineWalk, AcceptsACommandLineWithoutTheProgramName) {
  char* const end = nullptr;
  EXPECT_EQ(walk_command_line(0, &end, {}).arguments, Words{});
}

TEST(CommandLineWalk, SuggestsALongOptionForAWordAfterAnArgument) {
  EXPECT_EQ(walk_error({"one", "-alto"}), "unknown option '-a'; did you mean '--alto'?");
}

TEST(CommandLineWalk, PrefersAnExactNameToALongerOne) {
  const CommandLine line({"--idle"});
  const auto ignore = [](auto&) {};
  const OptionTable table{{'t', "idle-timeout", "TIME", "", ignore}, {0, "idle", "", "", ignore}};
  EXPECT_TRUE(walk_command_line(line.argc(), line.argv(), table).has("idle"));
}

TEST(CommandLineWalk, NamesAnOptionThatTakesNoValue) {
  EXPECT_EQ(walk_error({"--beta=7"}), "option '--beta=7' takes no value");
  EXPECT_EQ(walk_error({"--alto=7"}), "option '--alto=7' takes no value");
}

Given walk_with_no_table(const Words& words) {
  const CommandLine line(words);
  return walk_command_line(line.argc(), line.argv(), {});
}

TEST(CommandLineWalk, StopsAtHelpOrVersion) {
  EXPECT_EQ(walk_with_no_table({}).action, Action::kRun);
  EXPECT_EQ(walk_with_no_table({"--help", "--nope"}).action, Action::kHelp);
  EXPECT_EQ(walk_with_no_table({"--version", "--help"}).action, Action::kVersion);
}

TEST(CommandLineWalk, IgnoresArgumentsBeforeHelp) {
  EXPECT_EQ(walk_with_no_table({"argument", "--help"}).arguments, Words{});
}

TEST(Given, ContainsTheOptionsOfTheCommandLine) {
  const Given given = walk_with_no_table({"--help"});
  EXPECT_TRUE(given.has("help"));
  EXPECT_FALSE(given.has("version"));
}

TEST(Given, NamesAnUnexpectedArgument) {
  walk_with_no_table({}).expect_no_arguments();
  EXPECT_EQ(usage_error_of([] {
              walk_with_no_table({"one", "two"}).expect_no_arguments();
            }),
            "unexpected argument 'one'; see --help");
}

TEST(OptionsHelp, ListsOptionsAndWrapsLongTexts) {
  const OptionTable table{
      {'b', "beta", "", "a short text", {}},
      {'g', "gamma", "SIZE", "a text up to the end of the line, not beyond, and more", {}},
      {'d', "delta", "N", "a number", {}, "7; at times: 8"},
      {0, "alternative-to-that", "TEXT", "a text beside a long name", {}, "", "\nMore:\n"},
  };
  EXPECT_TRUE(options_help(table).starts_with(R"(  -b, --beta                      a short text
  -g, --gamma SIZE                a text up to the end of the line, not beyond,
                                  and more
  -d, --delta N                   a number (default: 7; at times: 8)

More:
      --alternative-to-that TEXT  a text beside a long name
      --help                      Show this help and exit
      --version                   Show the version and exit
)")) << options_help(table);
}

OptionValue option_value(const std::string& text) { return {.option = "--x", .text = text}; }

TEST(OptionValueAsNumber, AcceptsNumbersInRange) {
  EXPECT_EQ(option_value("1").number(1, 10), 1);
  EXPECT_EQ(option_value("10").number(1, 10), 10);
  EXPECT_EQ(option_value("18446744073709551615").number(0, UINT64_MAX), UINT64_MAX);
  EXPECT_EQ(option_value("1.5K").number(0, 1500), 1500);
}

TEST(OptionValueAsNumber, RejectsNumbersOutOfRange) {
  for (const std::string value : {"0", "11", "18446744073709551616", "99999999999999999999999"}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).number(1, 10); }),
              "--x: '" + value + "' is out of range (1 to 10)");
  }
}

TEST(OptionValueAsNumber, RejectsInvalidNumbers) {
  for (const std::string value : {"", "x", "1x", " 1", "1 ", "-1", "+1", "1KB"}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).number(0, 10); }),
              "--x: '" + value + "' is not a number such as 500 or 20K");
  }
}

TEST(OptionValueAsNumber, RejectsFractions) {
  EXPECT_EQ(usage_error_of([] { option_value("1.5").number(0, 10); }),
            "--x: '1.5' is not a whole number");
}

TEST(OptionValueAsSize, AcceptsSizes) {
  EXPECT_EQ(option_value("1").size(), 1U);
  EXPECT_EQ(option_value("64K").size(), 65536U);
  EXPECT_EQ(option_value(std::to_string(SIZE_MAX)).size(), SIZE_MAX);
}

TEST(OptionValueAsSize, RejectsInvalidSizes) {
  for (const std::string value : {"", "x", "-1", "1T", "1KB"}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).size(); }),
              "--x: '" + value + "' is not a size (bytes, or a number with K, M or G)");
  }
}

TEST(OptionValueAsSize, RejectsSizesThatAreTooLarge) {
  const std::string gigabytes = std::to_string(SIZE_MAX / (1U << 30) + 1) + "G";  // SIZE_MAX + 1.
  for (const std::string& value : {gigabytes, std::string("99999999999999999999G")}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).size(); }),
              "--x: '" + value + "' is too large (" + std::to_string(SIZE_MAX) + " bytes at most)");
  }
}

TEST(OptionValueAsSize, RejectsFractionsOfAByte) {
  EXPECT_EQ(usage_error_of([] { option_value("1.1K").size(); }),
            "--x: '1.1K' is not a whole number of bytes");
}

TEST(OptionValueAsSize, RejectsZero) {
  for (const std::string value : {"0", "0K"}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).size(); }),
              "--x: '" + value + "' is out of range (at least 1 byte)");
  }
}

TEST(OptionValueAsDuration, AcceptsTimes) {
  EXPECT_EQ(option_value("0").duration(), 0s);
  EXPECT_EQ(option_value("250ms").duration(), 250ms);
  EXPECT_EQ(option_value("1.5s").duration(), 1500ms);
}

TEST(OptionValueAsDuration, RejectsInvalidTimes) {
  for (const std::string value : {"", "x", "-1s", "1d", "1 s"}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).duration(); }),
              "--x: '" + value + "' is not a time (a number with ns, us, ms, s, m or h)");
  }
}

TEST(OptionValueAsDuration, RejectsTimesThatAreTooLong) {
  for (const std::string value : {"87601h", "99999999999999999999h"}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).duration(); }),
              "--x: '" + value + "' is too large (315360000s at most)");
  }
  EXPECT_EQ(usage_error_of([] { option_value("1001ms").duration(1s); }),
            "--x: '1001ms' is too large (1s at most)");
}

TEST(OptionValueAsDuration, RejectsFractionsOfANanosecond) {
  EXPECT_EQ(usage_error_of([] { option_value("0.5ns").duration(); }),
            "--x: '0.5ns' is not whole nanoseconds");
}

TEST(OptionValueAsHost, AcceptsNamesAndAddresses) {
  for (const std::string host :
       {"localhost", "echo.example.net", "127.0.0.1", "::1", "fe80::1%lo", "*", "", "[", "[]"}) {
    EXPECT_EQ(option_value(host).host(), host);
  }
}

TEST(OptionValueAsHost, AcceptsAnIpv6AddressInBrackets) {
  EXPECT_EQ(option_value("[::1]").host(), "::1");
  EXPECT_EQ(option_value("[fe80::1%lo]").host(), "fe80::1%lo");
}

TEST(OptionValueAsHost, RejectsAPortAndNamesItsOption) {
  for (const std::string value :
       {"localhost:7", "127.0.0.1:10000", "[::1]:7", "[::1", "[a:1]", "[[::1]]", "host:", ":7"}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).host(); }),
              "--x: '" + value + "' is not a host name or address; use --port for the port");
  }
}

TEST(OptionValueAsLogLevel, AcceptsEveryLevel) {
  EXPECT_EQ(option_value("error").log_level(), LogLevel::kError);
  EXPECT_EQ(option_value("warning").log_level(), LogLevel::kWarning);
  EXPECT_EQ(option_value("info").log_level(), LogLevel::kInfo);
  EXPECT_EQ(option_value("debug").log_level(), LogLevel::kDebug);
}

TEST(OptionValueAsLogLevel, RejectsOtherText) {
  for (const std::string value : {"", "loud", "Error"}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).log_level(); }),
              "--x: '" + value + "' is not a log level (error, warning, info or debug)");
  }
}

TEST(OptionValueAsPort, AcceptsPortsFrom0To65535) {
  EXPECT_EQ(option_value("0").port(), 0);
  EXPECT_EQ(option_value("10000").port(), 10000);
  EXPECT_EQ(option_value("65535").port(), 65535);
}

TEST(OptionValueAsPort, RejectsAPortAbove65535) {
  for (const std::string value : {"65536", "99999", "18446744073709551616"}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).port(); }),
              "--x: '" + value + "' is out of range (0 to 65535)");
  }
}

TEST(OptionValueAsPort, RejectsInvalidPorts) {
  for (const std::string value : {"", "-1", " 80", "80 ", "80x", "0x50", "no-such-service"}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).port(); }),
              "--x: '" + value +
                  "' is not a port (a number from 0 to 65535, or the name of a TCP service)");
  }
}

TEST(OptionValueAsPort, AcceptsAServiceName) {
  const servent* const service = ::getservbyname("echo", "tcp");
  if (service == nullptr) GTEST_SKIP() << "this machine does not know the service 'echo'";
  const std::uint16_t port = ntohs(static_cast<std::uint16_t>(service->s_port));
  EXPECT_EQ(option_value("echo").port(), port);
}

TEST(OptionValueAsPositiveDuration, AcceptsOnlyTimesAboveZero) {
  EXPECT_EQ(option_value("1us").positive_duration(), 1us);
  EXPECT_EQ(usage_error_of([] { option_value("0ms").positive_duration(); }),
            "--x: '0ms' is out of range (more than 0)");
  EXPECT_EQ(usage_error_of([] { option_value("x").positive_duration(); }).find("--x: 'x' is "), 0U);
}

TEST(OptionValueAsRate, AcceptsRatesInRange) {
  EXPECT_EQ(option_value("1/s").rate(10).count, 1U);
  EXPECT_EQ(option_value("10").rate(10).count, 10U);
  EXPECT_EQ(option_value("600/m").rate(10).count, 600U);
  EXPECT_EQ(option_value("0.5").rate(10).period, 2s);
}

TEST(OptionValueAsRate, RejectsRatesOutOfRange) {
  for (const std::string value :
       {"11/s", "10.1", "601/m", "36001/h", "0", "0.0/h", "1G", "99999999999999999999"}) {
    EXPECT_EQ(usage_error_of([&] { option_value(value).rate(10); }),
              "--x: '" + value + "' is out of range (more than 0, at most 10/s)");
  }
}

TEST(OptionValueAsRate, RejectsInvalidRates) {
  EXPECT_EQ(usage_error_of([] { option_value("1/d").rate(10); }),
            "--x: '1/d' is not a rate (a number, or one with /s, /m or /h)");
  EXPECT_EQ(usage_error_of([] { option_value("1.0000000001").rate(10); }),
            "--x: '1.0000000001' is not a rate that can be kept exactly; use fewer digits");
}

TEST(OptionValueAsSizeRange, AcceptsOnlySizesInRange) {
  EXPECT_EQ(option_value("1-2K").size_range(2048).most, 2048U);
  EXPECT_EQ(usage_error_of([] { option_value("0-1").size_range(10); }),
            "--x: '0-1' is out of range (1 to 10 bytes)");
  EXPECT_EQ(usage_error_of([] { option_value("1-11").size_range(10); }),
            "--x: '1-11' is out of range (1 to 10 bytes)");
  EXPECT_EQ(usage_error_of([] { option_value("99999999999999999999G").size_range(10); }),
            "--x: '99999999999999999999G' is out of range (1 to 10 bytes)");
  // 1 more than SIZE_MAX + 1, which a std::size_t would take for 1.
  const std::string wraps = std::to_string(SIZE_MAX / 1024 + 1) + ".0009765625K";
  EXPECT_EQ(usage_error_of([&] { option_value(wraps).size_range(10); }),
            "--x: '" + wraps + "' is out of range (1 to 10 bytes)");
  EXPECT_EQ(usage_error_of([] { option_value("2-1").size_range(10); }),
            "--x: '2-1' is not a size or a range of sizes, such as 64-64K");
}

}  // namespace
}  // namespace echo
