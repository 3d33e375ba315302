#include "echo/report/figures.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "echo/load/histogram.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

TEST(PerSecond, DividesByTheElapsedTime) {
  EXPECT_DOUBLE_EQ(per_second(300, 2s).value(), 150);
  EXPECT_DOUBLE_EQ(per_second(1, 4s).value(), 0.25);
  EXPECT_DOUBLE_EQ(per_second(5, 1ms).value(), 5000);
}

TEST(PerSecond, IsNoneIfNoTimeHasPassed) {
  EXPECT_EQ(per_second(5, 0s), std::nullopt);
  EXPECT_EQ(per_second(5, -1s), std::nullopt);
}

TEST(FormatFigure, ShowsADashForNoValue) {
  EXPECT_EQ(format_figure(std::nullopt), "-");
  EXPECT_EQ(format_byte_rate(std::nullopt), "-");
  EXPECT_EQ(format_percent(0, 0), "-");
}

TEST(FormatLatencyOfHistogram, ShowsADashIfEmpty) {
  Histogram histogram;
  EXPECT_EQ(format_latency(histogram, histogram.max()), "-");
  histogram.record(0ns);
  EXPECT_EQ(format_latency(histogram, histogram.max()), "0 ns");
}

TEST(FormatFigure, ShowsADecimalBelowOneHundred) {
  EXPECT_EQ(format_figure(0), "0");
  EXPECT_EQ(format_figure(0.5), "0.5");
  EXPECT_EQ(format_figure(99.9), "99.9");
  EXPECT_EQ(format_figure(99.96), "100");
  EXPECT_EQ(format_figure(1234.5), "1,235");
}

TEST(FormatFigure, ClampsHugeValues) {
  EXPECT_EQ(format_figure(1e300), "1,000,000,000,000,000,000");
}

TEST(FormatByteRate, UsesBinaryUnits) {
  EXPECT_EQ(format_byte_rate(0), "0 B/s");
  EXPECT_EQ(format_byte_rate(1536), "1.5 KiB/s");
}

TEST(FormatWallTime, UsesUtc) {
  EXPECT_EQ(format_wall_time(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_wall_time(WallTime{1'795'511'564'318ms}), "2026-11-24T09:12:44.318Z");
  EXPECT_EQ(format_wall_time(WallTime{999ms}), "1970-01-01T00:00:00.999Z");
}

TEST(FormatPercent, ShowsADecimalIfNotWhole) {
  EXPECT_EQ(format_percent(1, 4), "25%");
  EXPECT_EQ(format_percent(1, 3), "33.3%");
}

TEST(FormatPercent, DoesNotRoundToZeroOrOneHundred) {
  EXPECT_EQ(format_percent(0, 10), "0%");
  EXPECT_EQ(format_percent(10, 10), "100%");
  EXPECT_EQ(format_percent(1, 100'000), "0.1%");
  EXPECT_EQ(format_percent(99'999, 100'000), "99.9%");
}

TEST(ParseWallTime, ReversesFormatWallTime) {
  for (const std::string text : {"1970-01-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z",
                                 "2026-11-24T09:12:44.318Z", "2199-12-31T00:00:00.001Z"}) {
    ASSERT_TRUE(parse_wall_time(text)) << text;
    EXPECT_EQ(format_wall_time(*parse_wall_time(text)), text);
  }
}

TEST(ParseWallTime, RejectsOtherTexts) {
  for (const std::string_view text :
       {"", "now", "2026-11-24", "2026-11-24T09:12:44Z", "2026-11-24T09:12:44.318",
        "2026-11-24 09:12:44.318Z", "2026-11-24T09:12:44.318Z ", "2026-11-24T09:12:44.31xZ",
        "2026-02-29T00:00:00.000Z", "2026-13-01T00:00:00.000Z", "2026-00-01T00:00:00.000Z",
        "2026-01-01T24:00:00.000Z", "2026-01-01T00:60:00.000Z", "2026-01-01T00:00:60.000Z",
        "1969-12-31T23:59:59.999Z", "2200-01-01T00:00:00.000Z"}) {
    EXPECT_FALSE(parse_wall_time(text)) << text;
  }
}

}  // namespace
}  // namespace echo
