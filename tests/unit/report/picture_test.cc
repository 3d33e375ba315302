#include "echo/report/picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/load/load_settings.h"
#include "echo/report/timeline.h"
#include "support/text.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using test::has;

using Points = std::vector<Timeline::Point>;

LoadSettings some_settings() {
  LoadSettings settings;
  settings.host = "localhost";
  settings.port = 10000;
  settings.connections = 100;
  settings.duration = 4s;
  return settings;
}

// A second with 1,000 answers of that latency, or with no answer if it is 0.
Timeline::Point point_at(Duration begin, Duration latency) {
  Timeline::Point point;
  point.begin = begin;
  point.end = begin + 1s;
  point.received = latency > Duration{0} ? 1000 : 0;
  point.p50 = point.p99 = point.p999 = point.max = latency;
  return point;
}

Points some_points() {
  Points points{point_at(0s, 10us), point_at(1s, 1ms), point_at(2s, 0s), point_at(3s, 100us)};
  points[2].errors = 1;
  return points;
}

TEST(FormatPicture, DescribesTheLoad) {
  const std::string svg = format_picture(some_settings(), some_points());
  EXPECT_TRUE(svg.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_TRUE(has(svg, ">Echo of localhost port 10000</text>"));
  EXPECT_TRUE(
      has(svg, ">100 connections, messages of 64 bytes, 1 in flight per connection, for 4s<"));
}

TEST(FormatPicture, LabelsBothPanelsAndTheTimeAxis) {
  const std::string svg = format_picture(some_settings(), some_points());
  for (const char* const label : {"10.0 us", "50.0 us", "1.00 ms", "0", "200", "1,000", "0s", "4s",
                                  "max", "p99.9", "p99", "p50", "errors"}) {
    EXPECT_TRUE(has(svg, ">" + std::string(label) + "</text>")) << label;
  }
}

TEST(FormatPicture, DrawsLatencyLogarithmicallyWithGaps) {
  EXPECT_TRUE(has(format_picture(some_settings(), some_points()),
                  "d=\"M90.0,390.0H287.5V130.0H485.0M682.5,260.0H880.0\""));
}

TEST(FormatPicture, DrawsThroughputAsAnArea) {
  EXPECT_TRUE(has(format_picture(some_settings(), some_points()),
                  "d=\"M90.0,550.0V430.0H287.5V430.0H485.0V550.0H682.5V430.0H880.0V550.0Z\""));
}

TEST(FormatPicture, MarksTimesWithErrors) {
  const std::string mark = R"(<rect x="485.0" y="130.0" width="197.5" height="420.0")";
  Points points = some_points();
  EXPECT_TRUE(has(format_picture(some_settings(), points), mark));
  points[2].errors = 0;
  EXPECT_FALSE(has(format_picture(some_settings(), points), mark));
}

TEST(FormatPicture, IsValidWithoutPoints) {
  const std::string svg = format_picture(some_settings(), {});
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_FALSE(has(svg, "nan"));
  EXPECT_FALSE(has(svg, "inf"));
}

TEST(FormatPicture, ReportsThatNoMessageCameBack) {
  const std::string text = ">No echo was received</text>";
  EXPECT_TRUE(has(format_picture(some_settings(), {}), text));
  EXPECT_TRUE(has(format_picture(some_settings(), {point_at(0s, 0s)}), text));
  EXPECT_FALSE(has(format_picture(some_settings(), some_points()), text));
}

TEST(FormatPicture, DrawsAtMostElevenTimeLabels) {
  for (Duration end = 1us; end < kMaxDuration; end *= 3) {
    Timeline::Point point;
    point.end = end;
    point.received = 1;
    const std::string svg = format_picture(some_settings(), {point});
    std::size_t labels = 0;
    const std::string middle = "text-anchor=\"middle\"";
    for (std::size_t at = 0; (at = svg.find(middle, at)) != std::string::npos; ++at) ++labels;
    EXPECT_GE(labels, 1U) << end.count();
    EXPECT_LE(labels, 11U) << end.count();
  }
}

TEST(FormatPicture, DrawsAnyLatency) {
  for (Duration latency = 1ns; latency < kMaxDuration; latency *= 7) {
    const std::string svg = format_picture(some_settings(), {point_at(0s, latency)});
    EXPECT_FALSE(has(svg, "nan")) << latency.count();
    EXPECT_FALSE(has(svg, "inf")) << latency.count();
    EXPECT_TRUE(has(svg, "d=\"M90.0,")) << latency.count();
  }
}

TEST(FormatPicture, EscapesTheHostName) {
  LoadSettings settings = some_settings();
  settings.host = "</text><script>\x1b\xff&\"'";
  const std::string svg = format_picture(settings, some_points());
  EXPECT_TRUE(has(svg, "&lt;/text&gt;&lt;script&gt;\\x1b\\xff&amp;\"'"));
  EXPECT_TRUE(std::all_of(svg.begin(), svg.end(),
                          [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
}

}  // namespace
}  // namespace echo
