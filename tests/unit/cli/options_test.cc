#include "echo/cli/options.h"

#include <arpa/inet.h>
#include <getopt.h>
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

constexpr int kAlto = kFirstOwnOption;
constexpr int kAlternative = kFirstOwnOption + 1;

constexpr option kTable[] = {
    {"beta", no_argument, nullptr, 'b'},
    {"gamma", required_argument, nullptr, 'g'},
    {"alto", no_argument, nullptr, kAlto},
    {"alternative", required_argument, nullptr, kAlternative},
    {nullptr, 0, nullptr, 0},
};

// What a walk over a command line of these words finds.
struct Found {
  std::vector<std::pair<int, std::string>> options;  // The vals and, where they take one, values.
  Words arguments;
};

Found walk(const Words& words) {
  const CommandLine line(words);
  OptionWalk walk(line.argc(), line.argv(), kTable);
  Found found;
  for (int val = walk.next(); val != -1; val = walk.next()) {
    const bool has_value = val == 'g' || val == kAlternative;
    found.options.emplace_back(val, has_value ? walk.value() : "");
  }
  found.arguments = walk.arguments();
  return found;
}

using Options = std::vector<std::pair<int, std::string>>;

std::string walk_error(const Words& words) {
  return usage_error_of([&] { walk(words); });
}

TEST(OptionWalk, FindsNothingInAnEmptyCommandLine) {
  const Found found = walk({});
  EXPECT_EQ(found.options, Options{});
  EXPECT_EQ(found.arguments, Words{});
}

TEST(OptionWalk, TakesShortOptions) {
  EXPECT_EQ(walk({"-b", "-g", "7"}).options, (Options{{'b', ""}, {'g', "7"}}));
}

TEST(OptionWalk, TakesAValueInTheSameWord) {
  EXPECT_EQ(walk({"-g7"}).options, (Options{{'g', "7"}}));
}

TEST(OptionWalk, TakesShortOptionsInOneWord) {
  EXPECT_EQ(walk({"-bbg7"}).options, (Options{{'b', ""}, {'b', ""}, {'g', "7"}}));
}

TEST(OptionWalk, TakesLongOptions) {
  EXPECT_EQ(walk({"--gamma", "7", "--beta"}).options, (Options{{'g', "7"}, {'b', ""}}));
}

TEST(OptionWalk, TakesAValueAfterAnEqualsSign) {
  EXPECT_EQ(walk({"--gamma=a=b", "--gamma="}).options, (Options{{'g', "a=b"}, {'g', ""}}));
}

TEST(OptionWalk, TakesLongOptionsThatHaveNoShortOne) {
  EXPECT_EQ(walk({"--alto", "--alternative", "x"}).options,
            (Options{{kAlto, ""}, {kAlternative, "x"}}));
}

TEST(OptionWalk, TakesTheBeginningOfALongOption) {
  EXPECT_EQ(walk({"--ga", "7", "--alte=x"}).options, (Options{{'g', "7"}, {kAlternative, "x"}}));
}

TEST(OptionWalk, TakesAValueThatLooksLikeAnOption) {
  EXPECT_EQ(walk({"-g", "--beta", "--gamma", "--"}).options,
            (Options{{'g', "--beta"}, {'g', "--"}}));
}

TEST(OptionWalk, TakesOptionsAfterArguments) {
  const Found found = walk({"one", "-b", "two", "--gamma", "7"});
  EXPECT_EQ(found.options, (Options{{'b', ""}, {'g', "7"}}));
  EXPECT_EQ(found.arguments, (Words{"one", "two"}));
}

TEST(OptionWalk, TakesNoOptionsAfterTwoDashes) {
  const Found found = walk({"-b", "--", "-b", "--nope"});
  EXPECT_EQ(found.options, (Options{{'b', ""}}));
  EXPECT_EQ(found.arguments, (Words{"-b", "--nope"}));
}

TEST(OptionWalk, TakesOneDashForAnArgument) { EXPECT_EQ(walk({"-"}).arguments, Words{"-"}); }

TEST(OptionWalk, StartsAnewAfterAWalkThatFailed) {
  walk_error({"-bx", "-b"});
  EXPECT_EQ(walk({"-b"}).options, (Options{{'b', ""}}));
}

TEST(OptionWalk, NamesAnUnknownShortOption) {
  EXPECT_EQ(walk_error({"-x"}), "unknown option '-x'");
}

TEST(OptionWalk, NamesAnUnknownShortOptionAtTheEndOfAWord) {
  EXPECT_EQ(walk_error({"-bx"}), "unknown option '-x'");
}

TEST(OptionWalk, NamesAnUnknownShortOptionInAWordAfterALongOption) {
  EXPECT_EQ(walk_error({"--beta", "-xb"}), "unknown option '-x'");
}

TEST(OptionWalk, NamesAnUnknownLongOption) {
  EXPECT_EQ(walk_error({"--nope"}), "unknown or ambiguous option '--nope'");
  EXPECT_EQ(walk_error({"-b", "one", "--nope=7"}), "unknown or ambiguous option '--nope=7'");
}

TEST(OptionWalk, NamesAnAmbiguousOption) {
  EXPECT_EQ(walk_error({"--al"}), "unknown or ambiguous option '--al'");
}

TEST(OptionWalk, NamesAnOptionThatMissesItsValue) {
  EXPECT_EQ(walk_error({"-g"}), "option '-g' needs a value");
  EXPECT_EQ(walk_error({"-bg"}), "option '-g' needs a value");
  EXPECT_EQ(walk_error({"--gamma"}), "option '--gamma' needs a value");
  EXPECT_EQ(walk_error({"--beta", "-g"}), "option '-g' needs a value");
}

TEST(OptionWalk, NamesAnOptionThatTakesNoValue) {
  EXPECT_EQ(walk_error({"--beta=7"}), "option '--beta=7' takes no value");
  EXPECT_EQ(walk_error({"--alto=7"}), "option '--alto=7' takes no value");
}

TEST(NumberValue, TakesNumbersOfItsRange) {
  EXPECT_EQ(number_value("--n", "1", 1, 10), 1U);
  EXPECT_EQ(number_value("--n", "10", 1, 10), 10U);
  EXPECT_EQ(number_value("--n", "18446744073709551615", 0, UINT64_MAX), UINT64_MAX);
  EXPECT_EQ(number_value("--n", "1.5K", 0, 1500), 1500U);
}

TEST(NumberValue, NamesANumberOutOfItsRange) {
  for (const std::string value : {"0", "11", "18446744073709551616", "99999999999999999999999"}) {
    EXPECT_EQ(usage_error_of([&] { number_value("--n", value, 1, 10); }),
              "--n: '" + value + "' is out of range (1 to 10)");
  }
}

TEST(NumberValue, NamesWhatIsNotANumber) {
  for (const std::string value : {"", "x", "1x", " 1", "1 ", "-1", "+1", "1KB"}) {
    EXPECT_EQ(usage_error_of([&] { number_value("--n", value, 0, 10); }),
              "--n: '" + value + "' is not a number");
  }
}

TEST(NumberValue, NamesAPartOfOne) {
  EXPECT_EQ(usage_error_of([] { number_value("--n", "1.5", 0, 10); }),
            "--n: '1.5' is not a whole number");
}

TEST(SizeValue, TakesSizes) {
  EXPECT_EQ(size_value("--s", "1"), 1U);
  EXPECT_EQ(size_value("--s", "64K"), 65536U);
}

TEST(SizeValue, NamesWhatIsNotASize) {
  for (const std::string value : {"", "x", "-1", "1T", "1KB"}) {
    EXPECT_EQ(usage_error_of([&] { size_value("--s", value); }),
              "--s: '" + value + "' is not a size (a number of bytes, or one with K, M or G)");
  }
}

TEST(SizeValue, NamesASizeThatIsTooLarge) {
  for (const std::string value : {"99999999999999G", "99999999999999999999G"}) {
    EXPECT_EQ(usage_error_of([&] { size_value("--s", value); }),
              "--s: '" + value + "' is too large");
  }
}

TEST(SizeValue, NamesAPartOfAByte) {
  EXPECT_EQ(usage_error_of([] { size_value("--s", "1.1K"); }),
            "--s: '1.1K' is not a whole number of bytes");
}

TEST(SizeValue, NamesASizeOfNothing) {
  for (const std::string value : {"0", "0K"}) {
    EXPECT_EQ(usage_error_of([&] { size_value("--s", value); }),
              "--s: '" + value + "' is out of range (1 byte at least)");
  }
}

TEST(DurationValue, TakesTimes) {
  EXPECT_EQ(duration_value("--t", "0"), 0s);
  EXPECT_EQ(duration_value("--t", "250ms"), 250ms);
  EXPECT_EQ(duration_value("--t", "1.5s"), 1500ms);
}

TEST(DurationValue, NamesWhatIsNotATime) {
  for (const std::string value : {"", "x", "-1s", "1d", "1 s"}) {
    EXPECT_EQ(usage_error_of([&] { duration_value("--t", value); }),
              "--t: '" + value + "' is not a time (a number with ns, us, ms, s, m or h)");
  }
}

TEST(DurationValue, NamesATimeThatIsTooLarge) {
  for (const std::string value : {"87601h", "99999999999999999999h"}) {
    EXPECT_EQ(usage_error_of([&] { duration_value("--t", value); }),
              "--t: '" + value + "' is too large (315360000s at most)");
  }
  EXPECT_EQ(usage_error_of([] { duration_value("--t", "1001ms", 1s); }),
            "--t: '1001ms' is too large (1s at most)");
}

TEST(DurationValue, NamesAPartOfANanosecond) {
  EXPECT_EQ(usage_error_of([] { duration_value("--t", "0.5ns"); }),
            "--t: '0.5ns' is not whole nanoseconds");
}

TEST(HostValue, TakesNamesAndAddresses) {
  for (const std::string host :
       {"localhost", "echo.example.net", "127.0.0.1", "::1", "fe80::1%lo", "*", "", "[", "[]"}) {
    EXPECT_EQ(host_value("--h", host), host);
  }
}

TEST(HostValue, TakesAnIpv6AddressInItsBrackets) {
  EXPECT_EQ(host_value("--h", "[::1]"), "::1");
  EXPECT_EQ(host_value("--h", "[fe80::1%lo]"), "fe80::1%lo");
}

TEST(HostValue, RefusesAPortAndNamesItsOption) {
  for (const std::string value :
       {"localhost:7", "127.0.0.1:10000", "[::1]:7", "[::1", "[a:1]", "[[::1]]", "host:", ":7"}) {
    EXPECT_EQ(usage_error_of([&] { host_value("--h", value); }),
              "--h: '" + value + "' is not a host (a name or an address; the port goes to --port)");
  }
}

TEST(LogLevelValue, TakesEveryLevel) {
  EXPECT_EQ(log_level_value("--l", "error"), LogLevel::kError);
  EXPECT_EQ(log_level_value("--l", "warning"), LogLevel::kWarning);
  EXPECT_EQ(log_level_value("--l", "info"), LogLevel::kInfo);
  EXPECT_EQ(log_level_value("--l", "debug"), LogLevel::kDebug);
}

TEST(LogLevelValue, NamesWhatIsNotALevel) {
  for (const std::string value : {"", "loud", "Error"}) {
    EXPECT_EQ(usage_error_of([&] { log_level_value("--l", value); }),
              "--l: '" + value + "' is not a log level (error, warning, info or debug)");
  }
}

TEST(PortValue, TakesEveryPort) {
  EXPECT_EQ(port_value("--p", "0"), 0);
  EXPECT_EQ(port_value("--p", "10000"), 10000);
  EXPECT_EQ(port_value("--p", "65535"), 65535);
}

TEST(PortValue, NamesANumberThatIsNoPort) {
  for (const std::string value : {"65536", "99999", "18446744073709551616"}) {
    EXPECT_EQ(usage_error_of([&] { port_value("--p", value); }),
              "--p: '" + value + "' is out of range (0 to 65535)");
  }
}

TEST(PortValue, NamesWhatIsNotAPort) {
  for (const std::string value : {"", "-1", " 80", "80 ", "80x", "0x50", "no-such-service"}) {
    EXPECT_EQ(usage_error_of([&] { port_value("--p", value); }),
              "--p: '" + value +
                  "' is not a port (a number from 0 to 65535, or the name of a TCP service)");
  }
}

TEST(PortValue, TakesTheNameOfAService) {
  const servent* const service = ::getservbyname("echo", "tcp");
  if (service == nullptr) GTEST_SKIP() << "this machine does not know the service 'echo'";
  const std::uint16_t port = ntohs(static_cast<std::uint16_t>(service->s_port));
  EXPECT_EQ(port_value("--p", "echo"), port);
}

TEST(PositiveDurationValue, TakesATimeThatIsNotNone) {
  EXPECT_EQ(positive_duration_value("--time", "1us"), 1us);
  EXPECT_EQ(usage_error_of([] { positive_duration_value("--time", "0ms"); }),
            "--time: '0ms' is out of range (more than 0)");
  EXPECT_EQ(usage_error_of([] { positive_duration_value("--time", "x"); }).find("--time: 'x' is "),
            0U);
}

TEST(RateValue, TakesARateInRange) {
  EXPECT_EQ(rate_value("--rate", "1/s", 10).count, 1U);
  EXPECT_EQ(rate_value("--rate", "10", 10).count, 10U);
  EXPECT_EQ(rate_value("--rate", "600/m", 10).count, 600U);
  EXPECT_EQ(rate_value("--rate", "0.5", 10).period, 2s);
}

TEST(RateValue, NamesARateOutOfItsRange) {
  for (const std::string value :
       {"11/s", "10.1", "601/m", "36001/h", "0", "0.0/h", "1G", "99999999999999999999"}) {
    EXPECT_EQ(usage_error_of([&] { rate_value("--rate", value, 10); }),
              "--rate: '" + value + "' is out of range (more than 0, at most 10/s)");
  }
}

TEST(RateValue, NamesWhatIsNotARate) {
  EXPECT_EQ(usage_error_of([] { rate_value("--rate", "1/d", 10); }),
            "--rate: '1/d' is not a rate (a number, or one with /s, /m or /h)");
  EXPECT_EQ(usage_error_of([] { rate_value("--rate", "1.0000000001", 10); }),
            "--rate: '1.0000000001' is not a rate of so few digits that it can be kept exactly");
}

TEST(SizeRangeValue, TakesSizesInRange) {
  EXPECT_EQ(size_range_value("--size", "1-2K", 2048).most, 2048U);
  EXPECT_EQ(usage_error_of([] { size_range_value("--size", "0-1", 10); }),
            "--size: '0-1' is out of range (1 to 10 bytes)");
  EXPECT_EQ(usage_error_of([] { size_range_value("--size", "1-11", 10); }),
            "--size: '1-11' is out of range (1 to 10 bytes)");
  EXPECT_EQ(usage_error_of([] { size_range_value("--size", "99999999999999999999G", 10); }),
            "--size: '99999999999999999999G' is out of range (1 to 10 bytes)");
  EXPECT_EQ(usage_error_of([] { size_range_value("--size", "2-1", 10); }),
            "--size: '2-1' is not a size, or two with '-' between them, the lesser first");
}

}  // namespace
}  // namespace echo
