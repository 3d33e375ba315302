#include "echo/report/plot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <clocale>
#include <cstddef>
#include <initializer_list>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "echo/base/time.h"
#include "echo/load/histogram.h"
#include "support/environment.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

using Counts = std::initializer_list<std::pair<Duration, int>>;

Histogram histogram_of(Counts counts) {
  Histogram histogram;
  for (auto [value, count] : counts) {
    for (; count > 0; --count) histogram.record(value);
  }
  return histogram;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(PlotLatency, IsEmptyWithoutValues) {
  EXPECT_EQ(plot_latency(Histogram{}, Charset::kUnicode), "");
}

Histogram some_latencies() {
  return histogram_of({{1'010us, 1}, {1'065us, 16}, {1'130us, 80}, {1'325us, 3}});
}

TEST(PlotLatency, DrawsBlocksInEighths) {
  EXPECT_EQ(plot_latency(some_latencies(), Charset::kUnicode),
            R"(1.01 ms - 1.03 ms  ▋                                                  1    1.00%
1.03 ms - 1.05 ms                                                     0    0.00%
1.05 ms - 1.07 ms  █████████▋                                        16   16.00%
1.07 ms - 1.09 ms                                                     0    0.00%
1.09 ms - 1.12 ms                                                     0    0.00%
1.12 ms - 1.14 ms  ████████████████████████████████████████████████  80   80.00%
1.14 ms - 1.17 ms                                                     0    0.00%
1.17 ms - 1.19 ms                                                     0    0.00%
1.19 ms - 1.22 ms                                                     0    0.00%
1.22 ms - 1.25 ms                                                     0    0.00%
1.25 ms - 1.27 ms                                                     0    0.00%
1.27 ms - 1.30 ms                                                     0    0.00%
1.30 ms - 1.32 ms  █▊                                                 3    3.00%
)");
}

TEST(PlotLatency, DrawsNumberSignsInAscii) {
  EXPECT_EQ(plot_latency(some_latencies(), Charset::kAscii),
            R"(1.01 ms - 1.03 ms  #                                                  1    1.00%
1.03 ms - 1.05 ms                                                     0    0.00%
1.05 ms - 1.07 ms  ##########                                        16   16.00%
1.07 ms - 1.09 ms                                                     0    0.00%
1.09 ms - 1.12 ms                                                     0    0.00%
1.12 ms - 1.14 ms  ################################################  80   80.00%
1.14 ms - 1.17 ms                                                     0    0.00%
1.17 ms - 1.19 ms                                                     0    0.00%
1.19 ms - 1.22 ms                                                     0    0.00%
1.22 ms - 1.25 ms                                                     0    0.00%
1.25 ms - 1.27 ms                                                     0    0.00%
1.27 ms - 1.30 ms                                                     0    0.00%
1.30 ms - 1.32 ms  ##                                                 3    3.00%
)");
}

TEST(PlotLatency, SpansMinToMax) {
  const auto lines =
      lines_of(plot_latency(histogram_of({{110us, 1}, {9'990us, 1}}), Charset::kAscii));
  EXPECT_TRUE(lines.front().starts_with(" 110 us - ")) << lines.front();
  EXPECT_NE(lines.back().find(" - 9.99 ms "), std::string::npos) << lines.back();
}

TEST(PlotLatency, DrawsOneLineForOneValue) {
  EXPECT_EQ(lines_of(plot_latency(histogram_of({{42us, 1}}), Charset::kAscii)).size(), 1U);
}

TEST(PlotLatency, DrawsTwelveToTwentyFourLines) {
  for (Duration most = 1'500us; most <= 100s; most += most / 10) {
    const Histogram histogram = histogram_of({{1ms, 1}, {most, 1}});
    const std::size_t lines = lines_of(plot_latency(histogram, Charset::kAscii)).size();
    EXPECT_GE(lines, 12U) << most.count();
    EXPECT_LE(lines, 24U) << most.count();
  }
}

TEST(PlotLatency, ShowsTheRarestValue) {
  const std::string ascii =
      plot_latency(histogram_of({{10us, 100'000}, {10ms, 1}}), Charset::kAscii);
  EXPECT_NE(lines_of(ascii).back().find("  #  "), std::string::npos) << ascii;
}

// Columns of a line in UTF-8: all bytes except continuation bytes.
std::size_t columns_of(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

TEST(PlotLatency, FitsEightyColumns) {
  Histogram histogram = histogram_of({{0ns, 3}, {1ns, 1}, {99ns, 5}, {1h, 2}});
  for (int doubling = 0; doubling < 60; ++doubling) histogram.merge(Histogram(histogram));
  for (const Charset charset : {Charset::kAscii, Charset::kUnicode}) {
    const auto lines = lines_of(plot_latency(histogram, charset));
    EXPECT_LE(lines.size(), 24U);
    for (const std::string& line : lines) EXPECT_LE(columns_of(line), 80U) << line;
  }
}

TEST(CharsetOfLocale, FollowsTheEnvironment) {
  const test::Environment utf8{{"LC_ALL", "C.UTF-8"}};
  EXPECT_EQ(charset_of_locale(), Charset::kUnicode);
}

TEST(CharsetOfLocale, IsAsciiWithoutUtf8) {
  for (const char* const locale : {"C", "POSIX"}) {
    const test::Environment environment{{"LC_ALL", locale}};
    EXPECT_EQ(charset_of_locale(), Charset::kAscii) << locale;
  }
}

TEST(CharsetOfLocale, IsAsciiIfTheLocaleIsMissing) {
  const test::Environment environment{{"LC_ALL", "no_SUCH.locale"}};
  if (std::setlocale(LC_CTYPE, "") != nullptr) {
    static_cast<void>(std::setlocale(LC_CTYPE, "C"));
    GTEST_SKIP() << "this C library has no missing locales";
  }
  EXPECT_EQ(charset_of_locale(), Charset::kAscii);
}

}  // namespace
}  // namespace echo
