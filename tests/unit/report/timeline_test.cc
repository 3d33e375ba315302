#include "echo/report/timeline.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <vector>

#include "echo/base/time.h"
#include "echo/load/histogram.h"
#include "echo/load/load_results.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

using Points = std::vector<Timeline::Point>;

// The second number `index`, with one message that takes `index` microseconds.
Sample sample_at(std::size_t index) {
  Sample sample;
  sample.begin = index * 1s;
  sample.end = sample.begin + 1s;
  sample.received = 1;
  sample.bytes = 64;
  sample.lost = 2;
  sample.failed = 1;
  sample.latency.record(static_cast<Duration::rep>(index) * 1us);
  return sample;
}

// A sample takes 400 KB: a test with thousands of them would spend its time on page faults.
constexpr std::size_t kMax = 20;

Points points_of(std::size_t samples) {
  Timeline timeline(kMax);
  for (std::size_t index = 0; index < samples; ++index) timeline.add(sample_at(index));
  return timeline.points();
}

// Checks that the point merges `count` samples from `first` on.
void expect_merged(const Timeline::Point& point, std::size_t first, std::size_t count) {
  Histogram latency;
  for (std::size_t index = first; index < first + count; ++index) {
    latency.merge(sample_at(index).latency);
  }
  EXPECT_EQ(point.begin, first * 1s);
  EXPECT_EQ(point.end, (first + count) * 1s);
  EXPECT_EQ(point.received, count);
  EXPECT_EQ(point.bytes, count * 64);
  EXPECT_EQ(point.errors, count * 3);
  EXPECT_EQ(point.p50, latency.percentile(Histogram::kMedian));
  EXPECT_EQ(point.p99, latency.percentile(Histogram::kP99));
  EXPECT_EQ(point.p999, latency.percentile(Histogram::kP999));
  EXPECT_EQ(point.max, latency.max());
}

TEST(Timeline, StartsEmpty) { EXPECT_TRUE(Timeline{}.points().empty()); }

TEST(Timeline, KeepsAPointPerSampleBelowTheLimit) {
  const Points points = points_of(kMax - 1);
  ASSERT_EQ(points.size(), kMax - 1);
  for (std::size_t index = 0; index < points.size(); ++index) {
    expect_merged(points[index], index, 1);
  }
}

TEST(Timeline, MergesPairsAtTheLimit) {
  const Points points = points_of(kMax);
  ASSERT_EQ(points.size(), kMax / 2);
  for (std::size_t index = 0; index < points.size(); ++index) {
    expect_merged(points[index], 2 * index, 2);
  }
}

TEST(Timeline, EndsWithAPartialPoint) {
  const Points points = points_of(2 * kMax + 3);
  ASSERT_EQ(points.size(), kMax / 2 + 1);
  expect_merged(points[points.size() - 2], 2 * kMax - 4, 4);
  expect_merged(points.back(), 2 * kMax, 3);
}

TEST(Timeline, KeepsPointsBoundedAndContiguous) {
  Timeline timeline(kMax);
  for (std::size_t index = 0; index < 50 * kMax; ++index) {
    timeline.add(sample_at(index));
    const Points points = timeline.points();
    EXPECT_LE(points.size(), kMax);
    EXPECT_TRUE(points.size() == index + 1 || points.size() >= kMax / 2) << index;
    Duration end{0};
    for (const Timeline::Point& point : points) {
      EXPECT_EQ(point.begin, end);
      end = point.end;
    }
    EXPECT_EQ(end, (index + 1) * 1s);
  }
}

TEST(Timeline, DefaultsToFewerThanTwoThousandPoints) {
  Timeline timeline;
  for (int index = 0; index < 1999; ++index) timeline.add(Sample{});
  EXPECT_EQ(timeline.points().size(), 1999U);
  timeline.add(Sample{});
  EXPECT_EQ(timeline.points().size(), 1000U);
}

TEST(Timeline, HasZeroLatenciesWithoutAnswers) {
  Timeline timeline;
  Sample sample;
  sample.end = 1s;
  timeline.add(sample);
  const Points points = timeline.points();
  ASSERT_EQ(points.size(), 1U);
  EXPECT_EQ(points[0].received, 0U);
  EXPECT_EQ(points[0].max, 0s);
}

}  // namespace
}  // namespace echo
