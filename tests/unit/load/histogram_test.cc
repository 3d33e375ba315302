#include "echo/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "echo/base/time.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kPercentiles[] = {0,
                                     1,
                                     1000,
                                     Histogram::kMedian,
                                     Histogram::kP90,
                                     Histogram::kP99,
                                     Histogram::kP999,
                                     Histogram::kP9999,
                                     10'000};

// The percentile by nearest rank.
Duration percentile_of(const std::vector<Duration>& sorted, unsigned per_ten_thousand) {
  const std::size_t rank = (sorted.size() * per_ten_thousand + 9999) / 10'000;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

// The end of a value's bucket is at most a thousandth above the value.
void expect_within_a_thousandth(Duration actual, Duration exact) {
  EXPECT_GE(actual, exact);
  EXPECT_LE(actual - exact, exact / 1000);
}

// Values whose logarithms spread evenly from 1 us to 10^`decades` ns.
std::vector<Duration> random_values(std::size_t count, std::uint32_t seed, double decades = 11) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> exponent(3, decades);
  std::vector<Duration> values(count);
  std::generate(values.begin(), values.end(), [&] {
    return Duration{static_cast<Duration::rep>(std::pow(10.0, exponent(random)))};
  });
  return values;
}

Histogram histogram_of(const std::vector<Duration>& values) {
  Histogram histogram;
  for (const Duration value : values) histogram.record(value);
  return histogram;
}

void expect_same(const Histogram& one, const Histogram& other) {
  EXPECT_EQ(one.count(), other.count());
  EXPECT_EQ(one.min(), other.min());
  EXPECT_EQ(one.max(), other.max());
  // Sums in another order may round differently.
  EXPECT_NEAR(static_cast<double>((one.mean() - other.mean()).count()), 0, 1);
  EXPECT_NEAR(static_cast<double>((one.deviation() - other.deviation()).count()), 0, 1);
  for (const unsigned percentile : kPercentiles) {
    EXPECT_EQ(one.percentile(percentile), other.percentile(percentile)) << percentile;
  }
}

TEST(Histogram, StartsEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min(), 0ns);
  EXPECT_EQ(histogram.max(), 0ns);
  EXPECT_EQ(histogram.mean(), 0ns);
  EXPECT_EQ(histogram.deviation(), 0ns);
  EXPECT_EQ(histogram.percentile(Histogram::kMedian), 0ns);
  EXPECT_TRUE(histogram.buckets().empty());
}

TEST(Histogram, IsExactBelowTwoMicroseconds) {
  for (std::int64_t value = 0; value < 2048; ++value) {
    Histogram histogram;
    histogram.record(Duration{value});
    histogram.record(1s);
    ASSERT_EQ(histogram.percentile(Histogram::kMedian), Duration{value});
  }
}

TEST(Histogram, MatchesThePercentilesOfASortedVector) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<Duration> values = random_values(1 + seed * seed % 3001, seed, 17);
    const Histogram histogram = histogram_of(values);
    std::sort(values.begin(), values.end());

    EXPECT_EQ(histogram.count(), values.size());
    EXPECT_EQ(histogram.min(), values.front());
    EXPECT_EQ(histogram.max(), values.back());
    for (const unsigned percentile : kPercentiles) {
      expect_within_a_thousandth(histogram.percentile(percentile),
                                 percentile_of(values, percentile));
    }
  }
}

TEST(Histogram, MergesIntoAHistogramOfAllValues) {
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<Duration> ones = random_values(seed * 7 % 100, seed);
    const std::vector<Duration> others = random_values(seed * 13 % 100, seed + 1000);
    std::vector<Duration> all = ones;
    all.insert(all.end(), others.begin(), others.end());

    Histogram merged = histogram_of(ones);
    merged.merge(histogram_of(others));
    expect_same(merged, histogram_of(all));
  }
}

Histogram restored(const Histogram& original) {
  const std::vector<Histogram::Bucket> buckets = original.buckets();
  return Histogram::restore(buckets, original.mean(), original.deviation()).value();
}

TEST(Histogram, CanBeRestored) {
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    const Histogram original = histogram_of(random_values(seed * 7 % 100, seed, 9));
    expect_same(restored(original), original);
  }
}

TEST(Histogram, MergesRestoredPartsIntoAHistogramOfAllValues) {
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<Duration> all = random_values(500, seed, 9);
    std::mt19937 random(seed);
    std::vector<Histogram> parts(1 + seed % 7);
    for (const Duration value : all) parts[random() % parts.size()].record(value);
    Histogram merged;
    for (const Histogram& part : parts) merged.merge(restored(part));
    expect_same(merged, histogram_of(all));
  }
}

TEST(Histogram, IsNotRestoredFromImpossibleFigures) {
  using Buckets = std::vector<Histogram::Bucket>;
  const auto is_possible = [](const Buckets& buckets, Duration mean = 5ns,
                              Duration deviation = 0ns) {
    return Histogram::restore(buckets, mean, deviation).has_value();
  };
  EXPECT_TRUE(is_possible({{5ns, 5ns, 1}}));
  EXPECT_TRUE(is_possible({{5ns, 5ns, 1}, {4096ns, 4099ns, 2}}));
  EXPECT_FALSE(is_possible({{5ns, 5ns, 0}}));
  EXPECT_FALSE(is_possible({{6ns, 5ns, 1}}));
  EXPECT_FALSE(is_possible({{-1ns, 5ns, 1}}));
  EXPECT_FALSE(is_possible({{5ns, kMaxDuration + 1ns, 1}}));
  EXPECT_FALSE(is_possible({{5ns, 6ns, 1}}));  // No bucket is that wide.
  EXPECT_FALSE(is_possible({{5ns, 5ns, 1}, {5ns, 5ns, 1}}));
  EXPECT_FALSE(is_possible({{5ns, 5ns, 1}, {4ns, 4ns, 1}}));
  EXPECT_FALSE(is_possible({{5ns, 5ns, UINT64_MAX}, {6ns, 6ns, 1}}));
  EXPECT_FALSE(is_possible({{5ns, 5ns, 1}}, 4ns));
  EXPECT_FALSE(is_possible({{5ns, 5ns, 1}}, 6ns));
  EXPECT_FALSE(is_possible({{5ns, 5ns, 1}}, 5ns, -1ns));
  EXPECT_FALSE(is_possible({{5ns, 5ns, 1}}, 5ns, 6ns));
}

TEST(Histogram, IsEmptyAfterClear) {
  Histogram histogram = histogram_of(random_values(100, 1));
  histogram.clear();
  expect_same(histogram, Histogram{});
  EXPECT_TRUE(histogram.buckets().empty());

  const std::vector<Duration> values = random_values(100, 2);
  for (const Duration value : values) histogram.record(value);
  expect_same(histogram, histogram_of(values));
}

TEST(Histogram, PutsEachValueInOneNarrowBucket) {
  std::vector<Duration> values = random_values(2000, 3, 17);
  const std::vector<Histogram::Bucket> buckets = histogram_of(values).buckets();
  std::sort(values.begin(), values.end());

  auto next = values.begin();
  Duration last{-1};
  for (const Histogram::Bucket& bucket : buckets) {
    EXPECT_GT(bucket.from, last);
    EXPECT_LE(bucket.to - bucket.from, bucket.from / 1000);
    last = bucket.to;
    for (std::uint64_t left = bucket.count; left > 0; --left, ++next) {
      ASSERT_NE(next, values.end());
      EXPECT_GE(*next, bucket.from);
      EXPECT_LE(*next, bucket.to);
    }
  }
  EXPECT_EQ(next, values.end());
}

TEST(Histogram, SplitsBucketsAtPowersOfTwo) {
  for (std::int64_t edge = 1024; edge < kMaxDuration.count(); edge *= 2) {
    Histogram histogram;
    histogram.record(Duration{edge - 1});
    histogram.record(Duration{edge});
    const auto buckets = histogram.buckets();
    ASSERT_EQ(buckets.size(), 2U) << edge;
    EXPECT_EQ(buckets[0].to, Duration{edge - 1});
    EXPECT_EQ(buckets[1].from, Duration{edge});
  }
}

TEST(Histogram, DistinguishesHours) {
  Histogram histogram;
  for (int minutes = 1; minutes <= 1000; ++minutes) histogram.record(minutes * 1min);
  expect_within_a_thousandth(histogram.percentile(Histogram::kMedian), 500min);
  expect_within_a_thousandth(histogram.percentile(Histogram::kP99), 990min);
}

TEST(Histogram, ClampsToTheLongestDuration) {
  Histogram histogram;
  histogram.record(Duration::max());
  EXPECT_EQ(histogram.max(), kMaxDuration);
  EXPECT_EQ(histogram.percentile(Histogram::kMedian), kMaxDuration);
}

TEST(Histogram, KeepsFiguresBetweenMinAndMax) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    const Histogram histogram = histogram_of(random_values(1 + seed % 5, seed, 17));
    for (const unsigned percentile : kPercentiles) {
      EXPECT_GE(histogram.percentile(percentile), histogram.min());
      EXPECT_LE(histogram.percentile(percentile), histogram.max());
    }
    EXPECT_GE(histogram.mean(), histogram.min());
    EXPECT_LE(histogram.mean(), histogram.max());
    const std::vector<Histogram::Bucket> buckets = histogram.buckets();
    EXPECT_EQ(buckets.front().from, histogram.min());
    EXPECT_EQ(buckets.back().to, histogram.max());
  }
}

TEST(Histogram, CountsANegativeValueAsZero) {
  Histogram histogram;
  histogram.record(-5ns);
  EXPECT_EQ(histogram.min(), 0ns);
  EXPECT_EQ(histogram.percentile(Histogram::kMedian), 0ns);
}

TEST(Histogram, ComputesMeanAndDeviation) {
  const Histogram histogram = histogram_of({2us, 4us, 4us, 4us, 5us, 5us, 7us, 9us});
  EXPECT_EQ(histogram.mean(), 5us);
  EXPECT_EQ(histogram.deviation(), 2us);
}

TEST(Histogram, HasZeroDeviationForEqualValues) {
  EXPECT_EQ(histogram_of(std::vector<Duration>(1000, 123'456'789ns)).deviation(), 0ns);
}

}  // namespace
}  // namespace echo
