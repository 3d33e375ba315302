#include "echo/report/hdr.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/load/histogram.h"
#include "support/text.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

Duration duration_of(const std::string& milliseconds) {
  return Duration{std::llround(std::stod(milliseconds) * 1e6)};
}

struct Line {
  Duration value;
  double fraction;
  std::uint64_t count;
  std::string inverse;
};

// The lines of a distribution, as a plotter reads them: with four fields, and a number in the
// first.
std::vector<Line> lines_in(const std::string& distribution) {
  std::vector<Line> lines;
  std::istringstream text(distribution);
  for (std::string line; std::getline(text, line);) {
    const std::vector<std::string> fields =
        test::groups_of(line, " +([0-9.]+) +([0-9.]+) +([0-9]+) +([0-9.]+|inf)");
    if (fields.empty()) continue;
    lines.push_back({.value = duration_of(fields[0]),
                     .fraction = std::stod(fields[1]),
                     .count = std::stoull(fields[2]),
                     .inverse = fields[3]});
  }
  return lines;
}

// Latencies with a long tail.
Histogram random_histogram(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> exponent(3, 10);
  Histogram histogram;
  for (; count > 0; --count) {
    histogram.record(Duration{std::llround(std::pow(10.0, exponent(random)))});
  }
  return histogram;
}

TEST(FormatHdr, HasTheLayoutOfHdrHistogram) {
  Histogram histogram;
  histogram.record(1us);
  histogram.record(3ms);
  EXPECT_EQ(format_hdr(histogram),
            "        Value     Percentile TotalCount 1/(1-Percentile)\n"
            "\n"
            "     0.001000 0.000000000000          1           1.00\n"
            "     0.001000 0.100000000000          1           1.11\n"
            "     0.001000 0.200000000000          1           1.25\n"
            "     0.001000 0.300000000000          1           1.43\n"
            "     0.001000 0.400000000000          1           1.67\n"
            "     0.001000 0.500000000000          1           2.00\n"
            "     3.000000 0.550000000000          2           2.22\n"
            "     3.000000 1.000000000000          2            inf\n"
            "#[Mean    =     1.500500, StdDeviation   =     1.499500]\n"
            "#[Max     =     3.000000, Total count    =            2]\n"
            "#[Buckets =           49, SubBuckets     =         2048]\n");
}

TEST(FormatHdr, AgreesWithThePercentilesOfTheHistogram) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const Histogram histogram = random_histogram(1 + seed * seed, seed);
    for (const Line& line : lines_in(format_hdr(histogram))) {
      const double per_ten_thousand = line.fraction * 10'000;
      if (per_ten_thousand != std::floor(per_ten_thousand)) continue;
      EXPECT_EQ(line.value, histogram.percentile(static_cast<unsigned>(per_ten_thousand)))
          << "seed " << seed << ", percentile " << line.fraction;
    }
  }
}

TEST(FormatHdr, HasFiveLinesInEachHalfDistance) {
  const std::vector<Line> lines = lines_in(format_hdr(random_histogram(10'000, 1)));
  const std::vector<double> expected{0,    0.1,   0.2,    0.3,  0.4,    0.5,   0.55,
                                     0.6,  0.65,  0.7,    0.75, 0.775,  0.8,   0.825,
                                     0.85, 0.875, 0.8875, 0.9,  0.9125, 0.925, 0.9375};
  ASSERT_GT(lines.size(), expected.size());
  for (std::size_t index = 0; index < expected.size(); ++index) {
    EXPECT_DOUBLE_EQ(lines[index].fraction, expected[index]);
  }
}

TEST(FormatHdr, CountsTheMessagesOfEachLine) {
  const Histogram histogram = random_histogram(10'000, 1);
  const std::vector<Line> lines = lines_in(format_hdr(histogram));
  std::uint64_t count = 1;
  for (const Line& line : lines) {
    EXPECT_GE(line.count, count);
    EXPECT_GE(static_cast<double>(line.count), line.fraction * 10'000 - 1e-6);
    count = line.count;
  }
  EXPECT_EQ(count, 10'000U);
}

TEST(FormatHdr, EndsAtTheMaximum) {
  for (const std::size_t count : {1U, 2U, 3U, 1000U, 100'000U}) {
    const Histogram histogram = random_histogram(count, 7);
    const std::vector<Line> lines = lines_in(format_hdr(histogram));
    ASSERT_GE(lines.size(), 2U);
    EXPECT_EQ(lines.back().value, histogram.max());
    EXPECT_EQ(lines.back().fraction, 1);
    EXPECT_EQ(lines.back().inverse, "inf");
    // One more line of the last bucket, as in HdrHistogram, and no other one.
    EXPECT_EQ(lines[lines.size() - 2].count, count);
    EXPECT_LT(lines[lines.size() - 2].fraction, 1);
    if (lines.size() > 2) {
      EXPECT_LT(lines[lines.size() - 3].count, count);
    }
  }
}

TEST(FormatHdr, HasAnyLatency) {
  for (Duration latency{1}; latency < kMaxDuration; latency *= 7) {
    Histogram histogram;
    histogram.record(latency);
    const std::vector<Line> lines = lines_in(format_hdr(histogram));
    ASSERT_EQ(lines.size(), 2U) << latency.count();
    // A double has 15 digits.
    EXPECT_NEAR(static_cast<double>(lines.front().value.count()),
                static_cast<double>(latency.count()), 1e-15 * static_cast<double>(latency.count()));
  }
}

TEST(FormatHdr, IsValidIfNothingWasMeasured) {
  const std::string text = format_hdr(Histogram{});
  const std::vector<Line> lines = lines_in(text);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines.front().count, 0U);
  EXPECT_TRUE(test::has(text, "#[Mean    =     0.000000, StdDeviation   =     0.000000]\n"));
  EXPECT_TRUE(test::has(text, "#[Max     =     0.000000, Total count    =            0]\n"));
}

}  // namespace
}  // namespace echo
