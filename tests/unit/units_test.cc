#include "echo/units.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace echo {
namespace {

using namespace std::chrono_literals;

TEST(ParseNumber, TakesDigits) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("10000"), 10000U);
  EXPECT_EQ(parse_number("007"), 7U);
}

TEST(ParseNumber, TakesTheLargestNumber) {
  EXPECT_EQ(parse_number("18446744073709551615"), UINT64_MAX);
}

TEST(ParseNumber, RefusesOverflow) {
  EXPECT_EQ(parse_number("18446744073709551616"), std::nullopt);
}

TEST(ParseNumber, RefusesWhatIsNotAllDigits) {
  for (const std::string_view text :
       {"", " ", "-1", "+1", " 1", "1 ", "1x", "x1", "1.0", "0x10", "1e3", "1,000", "K", "1K"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(ParseNumber, LooksNoFurtherThanTheText) {
  EXPECT_EQ(parse_number(std::string_view("123456").substr(0, 3)), 123U);
}

TEST(ParseSize, CountsBytesWithoutAUnit) { EXPECT_EQ(parse_size("65536"), 65536U); }

TEST(ParseSize, TakesUnitsInEitherCase) {
  EXPECT_EQ(parse_size("64K"), 65536U);
  EXPECT_EQ(parse_size("64k"), 65536U);
  EXPECT_EQ(parse_size("4M"), 4U << 20);
  EXPECT_EQ(parse_size("4m"), 4U << 20);
  EXPECT_EQ(parse_size("1G"), 1U << 30);
  EXPECT_EQ(parse_size("1g"), 1U << 30);
}

TEST(ParseSize, TakesTheLargestOfAUnit) {
  EXPECT_EQ(parse_size("18014398509481983K"), UINT64_MAX - 1023);
  EXPECT_EQ(parse_size("17179869183G"), UINT64_MAX - (1U << 30) + 1);
}

TEST(ParseSize, RefusesOverflow) {
  for (const std::string_view text :
       {"18446744073709551616", "18014398509481984K", "17592186044416M", "17179869184G"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(ParseSize, RefusesWhatIsNoSize) {
  for (const std::string_view text :
       {"", "K", "-1K", "1KB", "1 K", " 1K", "1K ", "1T", "1KK", "1.5K", "K1", "1kib"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(ParseDuration, TakesEveryUnit) {
  EXPECT_EQ(parse_duration("200us"), 200us);
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("5s"), 5s);
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("1h"), 1h);
}

TEST(ParseDuration, CountsSecondsWithoutAUnit) {
  EXPECT_EQ(parse_duration("90"), 90s);
  EXPECT_EQ(parse_duration("0"), 0s);
}

TEST(ParseDuration, TakesTenYearsAtMost) {
  EXPECT_EQ(parse_duration("87600h"), kMaxDuration);
  EXPECT_EQ(parse_duration("87601h"), std::nullopt);
  EXPECT_EQ(parse_duration("315360000"), kMaxDuration);
  EXPECT_EQ(parse_duration("315360001"), std::nullopt);
  EXPECT_EQ(parse_duration("315360000000001us"), std::nullopt);
}

TEST(ParseDuration, RefusesOverflow) {
  for (const std::string_view text :
       {"18446744073709551615h", "18446744073709551616us", "5124095576030431h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(ParseDuration, RefusesWhatIsNoTime) {
  for (const std::string_view text :
       {"", "s", "-1s", "+1s", "1 s", " 1s", "1s ", "1S", "1d", "1ns", "1.5s", "1m30s", "ms5"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(MaxDuration, CanBeAddedToAnyTimeThereIs) {
  const Time now = Clock::now();
  EXPECT_GT(now + kMaxDuration, now);
}

TEST(FormatDuration, TakesTheLargestUnit) {
  EXPECT_EQ(format_duration(0us), "0s");
  EXPECT_EQ(format_duration(1us), "1us");
  EXPECT_EQ(format_duration(999us), "999us");
  EXPECT_EQ(format_duration(1ms), "1ms");
  EXPECT_EQ(format_duration(999ms), "999ms");
}

TEST(FormatDuration, TakesSeveralUnitsWhereOneWouldLoseSomething) {
  EXPECT_EQ(format_duration(1500us), "1ms500us");
  EXPECT_EQ(format_duration(1500ms), "1s500ms");
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(26h + 5s), "26h5s");
  EXPECT_EQ(format_duration(1h + 1min + 1s + 1ms + 1us), "1h1m1s1ms1us");
}

TEST(FormatDuration, CountsHoursWithoutDays) { EXPECT_EQ(format_duration(kMaxDuration), "87600h"); }

TEST(FormatCount, SaysOneOrMany) {
  EXPECT_EQ(format_count(0, "connection"), "0 connections");
  EXPECT_EQ(format_count(1, "connection"), "1 connection");
  EXPECT_EQ(format_count(12, "connection"), "12 connections");
}

TEST(FormatBytes, CountsSmallNumbersOneByOne) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
}

TEST(FormatBytes, TakesTheLargestUnitAndATenth) {
  EXPECT_EQ(format_bytes(1024), "1.0 KiB");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(1ULL << 20), "1.0 MiB");
  EXPECT_EQ(format_bytes(3'435'973'837), "3.2 GiB");
  EXPECT_EQ(format_bytes(1ULL << 40), "1.0 TiB");
  EXPECT_EQ(format_bytes(1ULL << 50), "1.0 PiB");
}

TEST(FormatBytes, RoundsDown) {
  EXPECT_EQ(format_bytes((1ULL << 20) - 1), "1023.9 KiB");
  EXPECT_EQ(format_bytes(UINT64_MAX), "15.9 EiB");
}

TEST(ParseRate, CountsASecond) {
  for (const std::string_view text : {"1000", "1000/s"}) {
    const auto rate = parse_rate(text);
    ASSERT_TRUE(rate) << text;
    EXPECT_EQ(rate->count, 1000U);
    EXPECT_EQ(rate->period, 1s);
  }
}

TEST(ParseRate, RefusesWhatIsNoRate) {
  for (const std::string_view text :
       {"", "/s", "1/", "1/m", "1/s/s", "1 /s", "-1/s", "1.5/s", "s", "18446744073709551616/s"}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
}

TEST(ParseSizeRange, TakesOneSizeAsARangeOfItself) {
  const auto range = parse_size_range("4K");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->least, 4096U);
  EXPECT_EQ(range->most, 4096U);
}

TEST(ParseSizeRange, TakesTwoSizes) {
  const auto range = parse_size_range("64-64K");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->least, 64U);
  EXPECT_EQ(range->most, 65536U);
}

TEST(ParseSizeRange, RefusesWhatIsNoRange) {
  for (const std::string_view text :
       {"", "-", "64-", "-64", "64--65", "64-63", "1-2-3", "64 - 65", "a-b", "1-1T"}) {
    EXPECT_FALSE(parse_size_range(text)) << text;
  }
}

TEST(FormatDecimal, HasAsManyDecimalsAsAreAskedFor) {
  EXPECT_EQ(format_decimal(0, 0), "0");
  EXPECT_EQ(format_decimal(1.25, 3), "1.250");
  EXPECT_EQ(format_decimal(99.96, 1), "100.0");
}

TEST(FormatDecimal, TakesAnyNumber) {
  EXPECT_EQ(format_decimal(1e300, 3).size(), 305U);
  EXPECT_EQ(format_decimal(1e-300, 3), "0.000");
}

TEST(FormatLatency, GivesThreeSignificantDigits) {
  EXPECT_EQ(format_latency(0ns), "0 ns");
  EXPECT_EQ(format_latency(7ns), "7 ns");
  EXPECT_EQ(format_latency(850ns), "850 ns");
  EXPECT_EQ(format_latency(1000ns), "1.00 us");
  EXPECT_EQ(format_latency(42'149ns), "42.1 us");
  EXPECT_EQ(format_latency(421'499ns), "421 us");
  EXPECT_EQ(format_latency(1'070'000ns), "1.07 ms");
  EXPECT_EQ(format_latency(12s), "12.0 s");
  EXPECT_EQ(format_latency(100s), "100 s");
}

TEST(FormatLatency, RoundsIntoTheNextDigitAndUnit) {
  EXPECT_EQ(format_latency(9'994ns), "9.99 us");
  EXPECT_EQ(format_latency(9'996ns), "10.0 us");
  EXPECT_EQ(format_latency(99'960ns), "100 us");
  EXPECT_EQ(format_latency(999'400ns), "999 us");
  EXPECT_EQ(format_latency(999'600ns), "1.00 ms");
}

TEST(FormatLatency, CountsSecondsBeyondAThousand) { EXPECT_EQ(format_latency(5000s), "5000 s"); }

TEST(FormatMilliseconds, HasThreeDecimals) {
  EXPECT_EQ(format_milliseconds(0ns), "0.000");
  EXPECT_EQ(format_milliseconds(7us), "0.007");
  EXPECT_EQ(format_milliseconds(123us), "0.123");
  EXPECT_EQ(format_milliseconds(12'034us), "12.034");
  EXPECT_EQ(format_milliseconds(3s), "3000.000");
}

TEST(FormatMilliseconds, RoundsToMicroseconds) {
  EXPECT_EQ(format_milliseconds(1'499ns), "0.001");
  EXPECT_EQ(format_milliseconds(999'501ns), "1.000");
}

TEST(FormatNumber, PutsACommaBeforeEachThreeDigits) {
  EXPECT_EQ(format_number(0), "0");
  EXPECT_EQ(format_number(999), "999");
  EXPECT_EQ(format_number(1000), "1,000");
  EXPECT_EQ(format_number(123456), "123,456");
  EXPECT_EQ(format_number(1234567), "1,234,567");
  EXPECT_EQ(format_number(UINT64_MAX), "18,446,744,073,709,551,615");
}

}  // namespace
}  // namespace echo
