#include "echo/report/picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/load/load_settings.h"
#include "echo/report/presentation.h"
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

std::string picture_of(const LoadSettings& settings, const Points& points,
                       const std::string& command_line = "echo_client -D4") {
  Presentation presentation;
  presentation.program = "echo_client 1.2.3";
  presentation.command_line = command_line;
  return format_picture(settings, presentation, WallTime(1'795'770'764s), points);
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
  const std::string svg = picture_of(some_settings(), some_points());
  EXPECT_TRUE(svg.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_TRUE(has(svg, ">Echo of localhost port 10000</text>"));
  EXPECT_TRUE(
      has(svg, ">100 connections, messages of 64 bytes, 1 in flight per connection, for 4s<"));
}

TEST(FormatPicture, LabelsBothPanelsAndTheTimeAxis) {
  const std::string svg = picture_of(some_settings(), some_points());
  for (const char* const label : {"10.0 us", "50.0 us", "1.00 ms", "0", "200", "1,000", "0.0 s",
                                  "4.0 s", "max", "p99.9", "p99", "p50", "errors"}) {
    EXPECT_TRUE(has(svg, ">" + std::string(label) + "</text>")) << label;
  }
}

TEST(FormatPicture, LabelsThroughputWithOneNumberOfDecimals) {
  Points points{point_at(0s, 1ms)};
  points[0].received = 90;
  const std::string whole = picture_of(some_settings(), points);
  EXPECT_TRUE(has(whole, ">0</text>"));
  EXPECT_TRUE(has(whole, ">80</text>"));
  EXPECT_TRUE(has(whole, ">100</text>"));
  points[0].received = 1;
  const std::string tenths = picture_of(some_settings(), points);
  EXPECT_TRUE(has(tenths, ">0.0</text>"));
  EXPECT_TRUE(has(tenths, ">0.2</text>"));
  EXPECT_TRUE(has(tenths, ">1.0</text>"));
}

TEST(FormatPicture, NamesWhatALoadThatOnlyConnectsCounts) {
  LoadSettings settings = some_settings();
  settings.connect_only = settings.churn = true;
  const std::string svg = picture_of(settings, some_points());
  EXPECT_TRUE(has(svg, ">Connections to localhost port 10000</text>"));
  EXPECT_TRUE(has(svg, ">Connections/s</text>"));
  EXPECT_FALSE(has(svg, "Messages/s"));
  EXPECT_TRUE(has(picture_of(settings, {}), ">No connection was established</text>"));
}

TEST(FormatPicture, DrawsLatencyLogarithmicallyWithGaps) {
  EXPECT_TRUE(has(picture_of(some_settings(), some_points()),
                  "d=\"M90.0,390.0H280.0V130.0H470.0M660.0,260.0H850.0\""));
}

TEST(FormatPicture, DrawsThroughputAsAnArea) {
  EXPECT_TRUE(has(picture_of(some_settings(), some_points()),
                  "d=\"M90.0,550.0V430.0H280.0V430.0H470.0V550.0H660.0V430.0H850.0V550.0Z\""));
}

// The position and the size of each mark of errors in the panels.
std::vector<std::string> marks_in(const Points& points) {
  return test::first_groups_in(
      picture_of(some_settings(), points),
      R"x(<rect (x="[0-9.]+" y="(?:130|430).0" [^>]*) fill="url\(#errors\)"/>)x");
}

TEST(FormatPicture, MarksTimesWithErrorsInBothPanels) {
  Points points = some_points();
  EXPECT_EQ(marks_in(points),
            (std::vector<std::string>{R"(x="470.0" y="130.0" width="190.0" height="260.0")",
                                      R"(x="470.0" y="430.0" width="190.0" height="120.0")"}));
  points[2].errors = 0;
  EXPECT_TRUE(marks_in(points).empty());
}

TEST(FormatPicture, MarksAShortTimeAtTheEndInsideThePanels) {
  Points points{point_at(0s, 1ms), point_at(1s, 1ms)};
  points[1].end = 1s + 1us;
  points[1].errors = 1;
  EXPECT_EQ(marks_in(points),
            (std::vector<std::string>{R"(x="848.0" y="130.0" width="2.0" height="260.0")",
                                      R"(x="848.0" y="430.0" width="2.0" height="120.0")"}));
}

TEST(FormatPicture, IsValidWithoutPoints) {
  const std::string svg = picture_of(some_settings(), {});
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_FALSE(has(svg, "nan"));
  EXPECT_FALSE(has(svg, "inf"));
}

TEST(FormatPicture, ReportsThatNoMessageCameBack) {
  const std::string text = ">No echo was received</text>";
  EXPECT_TRUE(has(picture_of(some_settings(), {}), text));
  EXPECT_TRUE(has(picture_of(some_settings(), {point_at(0s, 0s)}), text));
  EXPECT_FALSE(has(picture_of(some_settings(), some_points()), text));
}

TEST(FormatPicture, InventsNoLatency) {
  const std::string svg = picture_of(some_settings(), {point_at(0s, 0s)});
  EXPECT_FALSE(has(svg, " us</text>"));
  EXPECT_FALSE(has(svg, " ns</text>"));
}

TEST(FormatPicture, InventsNoTime) {
  EXPECT_FALSE(has(picture_of(some_settings(), {}), " ns</text>"));
}

TEST(FormatPicture, DrawsAtMostElevenTimeLabels) {
  for (Duration end = 1us; end < kMaxDuration; end *= 3) {
    Timeline::Point point;
    point.end = end;
    point.received = 1;
    const std::string svg = picture_of(some_settings(), {point});
    std::size_t labels = 0;
    const std::string middle = "text-anchor=\"middle\"";
    for (std::size_t at = 0; (at = svg.find(middle, at)) != std::string::npos; ++at) ++labels;
    EXPECT_GE(labels, 1U) << end.count();
    EXPECT_LE(labels, 11U) << end.count();
  }
}

TEST(FormatPicture, DrawsAnyLatency) {
  for (Duration latency = 1ns; latency < kMaxDuration; latency *= 7) {
    const std::string svg = picture_of(some_settings(), {point_at(0s, latency)});
    EXPECT_FALSE(has(svg, "nan")) << latency.count();
    EXPECT_FALSE(has(svg, "inf")) << latency.count();
    EXPECT_TRUE(has(svg, "d=\"M90.0,")) << latency.count();
  }
}

// The attributes of the lines, in drawing order.
std::vector<std::string> strokes_in(const std::string& svg, const std::string& attribute) {
  return test::first_groups_in(
      svg, R"(<path d="M90.0,[^"]*" fill="none"[^>]* )" + attribute + R"x(="([^"]*)")x");
}

TEST(FormatPicture, DrawsEachLineNarrowerThanTheOnesBelowIt) {
  const std::vector<std::string> widths =
      strokes_in(picture_of(some_settings(), some_points()), "stroke-width");
  ASSERT_EQ(widths.size(), 4U);
  for (std::size_t line = 1; line < widths.size(); ++line) {
    // Half a pixel of the wider line shows on either side.
    EXPECT_GE(std::stod(widths[line - 1]), std::stod(widths[line]) + 1);
  }
}

// The lightness of "#rrggbb", from 0 to 255 (ITU-R BT.601).
double grey_of(const std::string& colour) {
  const auto part = [&](std::size_t at) { return std::stoi(colour.substr(at, 2), nullptr, 16); };
  return 0.299 * part(1) + 0.587 * part(3) + 0.114 * part(5);
}

TEST(FormatPicture, DrawsLinesInDifferentGreys) {
  std::vector<std::string> colours =
      strokes_in(picture_of(some_settings(), some_points()), "stroke");
  ASSERT_EQ(colours.size(), 4U);
  std::sort(colours.begin(), colours.end(), [](const std::string& one, const std::string& other) {
    return grey_of(one) < grey_of(other);
  });
  for (std::size_t line = 1; line < colours.size(); ++line) {
    EXPECT_GT(grey_of(colours[line]) - grey_of(colours[line - 1]), 50)
        << colours[line - 1] << " and " << colours[line];
  }
}

TEST(FormatPicture, DrawsEachLineInShorterDashesThanTheOnesBelowIt) {
  const std::vector<std::string> dashes =
      strokes_in(picture_of(some_settings(), some_points()), "stroke-dasharray");
  ASSERT_EQ(dashes.size(), 4U);
  EXPECT_EQ(dashes.front(), "none");
  // The length of a dash precedes that of the gap.
  EXPECT_GT(std::stod(dashes[1]), 1.5 * std::stod(dashes[2]));
  EXPECT_GT(std::stod(dashes[2]), 1.5 * std::stod(dashes[3]));
}

TEST(FormatPicture, ShowsEachStrokeInTheLegend) {
  const std::string svg = picture_of(some_settings(), some_points());
  const std::vector<std::string> strokes =
      test::first_groups_in(svg, R"x(<path d="M90.0,[^"]*"( fill="none"[^>]*)/>)x");
  EXPECT_EQ(strokes.size(), 4U);
  for (const std::string& stroke : strokes) {
    EXPECT_TRUE(has(svg, "h36.0\"" + stroke + "/>")) << stroke;
  }
}

// The baselines of the names beside the last point, from the first line to the last.
std::vector<double> name_baselines_in(const std::string& svg) {
  std::vector<double> baselines;
  for (const std::string& y : test::first_groups_in(
           svg, "<text x=\"858.0\" y=\"([0-9.]+)\" text-anchor=\"start\">(?:p|max)")) {
    baselines.push_back(std::stod(y));
  }
  return baselines;
}

TEST(FormatPicture, NamesEachLineAtItsEnd) {
  Timeline::Point point = point_at(0s, 10us);
  point.p99 = 100us;
  point.p999 = 1ms;
  point.max = 10ms;
  EXPECT_EQ(name_baselines_in(picture_of(some_settings(), {point})),
            (std::vector<double>{134, 220.7, 307.3, 394}));
}

TEST(FormatPicture, MovesTheNamesOfEqualLinesApart) {
  const Points points{point_at(0s, 10us), point_at(1s, 10ms), point_at(2s, 10us)};
  EXPECT_EQ(name_baselines_in(picture_of(some_settings(), points)),
            (std::vector<double>{374.5, 387.5, 400.5, 413.5}));
}

TEST(FormatPicture, KeepsTheNameOfALineThatNoOtherOneIsNear) {
  Points points{point_at(0s, 10us), point_at(1s, 10ms)};
  points[1].p50 = 10us;
  EXPECT_EQ(name_baselines_in(picture_of(some_settings(), points)),
            (std::vector<double>{121, 134, 147, 394}));
}

TEST(FormatPicture, ShowsItsOrigin) {
  const std::string svg =
      picture_of(some_settings(), some_points(), "./echo_client -D4 --svg 'a <b>'");
  EXPECT_TRUE(has(svg, ">./echo_client -D4 --svg 'a &lt;b&gt;'</text>"));
  EXPECT_TRUE(has(svg, ">Measured from 2026-11-27T09:12:44.000Z by echo_client 1.2.3</text>"));
}

std::vector<std::string> command_lines_of(const std::string& command_line) {
  const std::string svg = picture_of(some_settings(), some_points(), command_line);
  const std::size_t begin = svg.find("xml:space=\"preserve\"");
  const std::size_t end = svg.find("</g>", begin);
  return test::first_groups_in(svg.substr(begin, end - begin), ">([^<>\n]+)</text>");
}

TEST(FormatPicture, BreaksALongCommandLineAfterSpaces) {
  const std::string fits(130, 'x');
  EXPECT_EQ(command_lines_of(fits), (std::vector<std::string>{fits}));
  EXPECT_EQ(command_lines_of(fits + " -n 1"), (std::vector<std::string>{fits + " ", "-n 1"}));
  const std::string word(60, 'x');
  EXPECT_EQ(command_lines_of(word + " " + word + " " + word),
            (std::vector<std::string>{word + " " + word + " ", word}));
}

TEST(FormatPicture, BreaksAWordThatIsLongerThanALine) {
  EXPECT_EQ(command_lines_of("-D " + std::string(131, 'x')),
            (std::vector<std::string>{"-D ", std::string(130, 'x'), "x"}));
}

TEST(FormatPicture, TruncatesAnAbsurdlyLongCommandLine) {
  const std::string line(130, 'x');
  std::vector<std::string> lines(8, line);
  EXPECT_EQ(command_lines_of(std::string(std::size_t{8} * 130, 'x')), lines);
  lines.back() = std::string(127, 'x') + "...";
  EXPECT_EQ(command_lines_of(std::string(std::size_t{8} * 130 + 1, 'x')), lines);
}

TEST(FormatPicture, GrowsWithTheCommandLine) {
  const auto height_and_last_baseline = [](std::size_t length) {
    const std::string svg = picture_of(some_settings(), some_points(), std::string(length, 'x'));
    return test::first_groups_in(svg,
                                 R"x((?:<svg [^>]*height|y)="([0-9.]+)"(?:>\n| [^>]*>Measured))x");
  };
  EXPECT_EQ(height_and_last_baseline(130), (std::vector<std::string>{"640.0", "628.0"}));
  EXPECT_EQ(height_and_last_baseline(131), (std::vector<std::string>{"656.0", "644.0"}));
}

TEST(FormatPicture, EscapesTheHostName) {
  LoadSettings settings = some_settings();
  settings.host = "</text><script>\x1b\xff&\"'";
  const std::string svg = picture_of(settings, some_points());
  EXPECT_TRUE(has(svg, "&lt;/text&gt;&lt;script&gt;\\x1b\\xff&amp;\"'"));
  EXPECT_TRUE(std::all_of(svg.begin(), svg.end(),
                          [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
}

}  // namespace
}  // namespace echo
