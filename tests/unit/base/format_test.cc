#include "echo/base/format.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace echo {
namespace {

using namespace std::chrono_literals;

TEST(FormatDuration, UsesTheLargestUnit) {
  EXPECT_EQ(format_duration(0us), "0s");
  EXPECT_EQ(format_duration(1ns), "1ns");
  EXPECT_EQ(format_duration(1us), "1us");
  EXPECT_EQ(format_duration(999us), "999us");
  EXPECT_EQ(format_duration(1ms), "1ms");
  EXPECT_EQ(format_duration(999ms), "999ms");
}

TEST(FormatDuration, CombinesUnitsIfOneIsInexact) {
  EXPECT_EQ(format_duration(1500us), "1ms500us");
  EXPECT_EQ(format_duration(1500ms), "1s500ms");
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(26h + 5s), "26h5s");
  EXPECT_EQ(format_duration(1h + 1min + 1s + 1ms + 1us + 1ns), "1h1m1s1ms1us1ns");
}

TEST(FormatDuration, CountsLongTimesInHours) { EXPECT_EQ(format_duration(kMaxDuration), "87600h"); }

TEST(FormatCount, UsesSingularAndPlural) {
  EXPECT_EQ(format_count(0, "connection"), "0 connections");
  EXPECT_EQ(format_count(1, "connection"), "1 connection");
  EXPECT_EQ(format_count(1234, "connection"), "1234 connections");
}

TEST(FormatNumber, AppendsASingularOrPluralNoun) {
  EXPECT_EQ(format_number(0, "byte"), "0 bytes");
  EXPECT_EQ(format_number(1, "byte"), "1 byte");
  EXPECT_EQ(format_number(1234, "byte"), "1,234 bytes");
}

TEST(FormatBytes, ShowsSmallNumbersExactly) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
}

TEST(FormatBytes, UsesTheLargestUnitWithOneDecimal) {
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

TEST(FormatDecimal, HasTheRequestedDecimals) {
  EXPECT_EQ(format_decimal(0, 0), "0");
  EXPECT_EQ(format_decimal(1.25, 3), "1.250");
  EXPECT_EQ(format_decimal(99.96, 1), "100.0");
}

TEST(FormatDecimal, AcceptsVeryLargeAndSmallNumbers) {
  EXPECT_EQ(format_decimal(1e300, 3).size(), 305U);
  EXPECT_EQ(format_decimal(1e-300, 3), "0.000");
}

TEST(FormatLatency, HasThreeSignificantDigits) {
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

TEST(FormatLatency, RoundsUpToTheNextDigitOrUnit) {
  EXPECT_EQ(format_latency(9'994ns), "9.99 us");
  EXPECT_EQ(format_latency(9'996ns), "10.0 us");
  EXPECT_EQ(format_latency(99'960ns), "100 us");
  EXPECT_EQ(format_latency(999'400ns), "999 us");
  EXPECT_EQ(format_latency(999'600ns), "1.00 ms");
}

TEST(FormatLatency, StaysInSecondsAbove1000) { EXPECT_EQ(format_latency(5000s), "5000 s"); }

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

TEST(FormatNumber, SeparatesThousandsWithCommas) {
  EXPECT_EQ(format_number(0), "0");
  EXPECT_EQ(format_number(999), "999");
  EXPECT_EQ(format_number(1000), "1,000");
  EXPECT_EQ(format_number(123456), "123,456");
  EXPECT_EQ(format_number(1234567), "1,234,567");
  EXPECT_EQ(format_number(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(Align, PadsWithSpaces) {
  EXPECT_EQ(align_left("ab", 4), "ab  ");
  EXPECT_EQ(align_right("ab", 4), "  ab");
}

TEST(Align, LeavesWiderTextUnchanged) {
  EXPECT_EQ(align_left("abc", 2), "abc");
  EXPECT_EQ(align_right("abc", 2), "abc");
}

}  // namespace
}  // namespace echo
