#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "echo/base/time.h"

namespace echo {

// A histogram of durations in constant memory (400 KB).
//
// The buckets are log-linear: 1 ns wide below 2,048 ns; above that, each doubling has 1,024 buckets
// of equal width. A value read back is therefore at most 0.1% above the recorded one: three
// significant digits for all durations. The count, minimum and maximum are exact. The mean and the
// deviation are computed from the values, not from the buckets.
class Histogram {
 public:
  // Values of fewer nanoseconds have a bucket each.
  static constexpr std::uint64_t kLinearBuckets = 2048;

  // The percentiles in reports, as arguments of percentile().
  static constexpr unsigned kMedian = 5000;
  static constexpr unsigned kP90 = 9000;
  static constexpr unsigned kP99 = 9900;
  static constexpr unsigned kP999 = 9990;
  static constexpr unsigned kP9999 = 9999;

  // Allocates all memory; record(), merge() and clear() allocate none.
  Histogram();

  // A negative value counts as 0, a value above kMaxDuration as kMaxDuration.
  void record(Duration value) noexcept;

  // Adds all values that `other` has recorded.
  void merge(const Histogram& other) noexcept;
  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }

  // These functions return 0 if nothing was recorded.
  Duration min() const noexcept { return min_; }
  Duration max() const noexcept { return max_; }
  Duration mean() const noexcept;
  // In nanoseconds.
  double sum() const noexcept { return sum_; }
  // The standard deviation, which ping(8) calls mdev.
  Duration deviation() const noexcept;

  // The value that `per_ten_thousand` of 10,000 recorded values do not exceed (nearest rank),
  // rounded up to the end of its bucket, but at most max(). The argument is at most 10,000.
  Duration percentile(unsigned per_ten_thousand) const noexcept;

  // `count` values from `from` to `to`, both inclusive.
  struct Bucket {
    Duration from;
    Duration to;
    std::uint64_t count;
  };

  // The buckets that are not empty, in ascending order, limited to min() and max().
  std::vector<Bucket> buckets() const;

  // Returns a histogram with these buckets(), mean() and deviation(). Count, minimum, maximum and
  // percentiles are exactly those of the original, also after merge(); mean and deviation are
  // rounded to nanoseconds. Returns nullopt if no histogram has these figures.
  static std::optional<Histogram> restore(std::span<const Bucket> buckets, Duration mean,
                                          Duration deviation);

 private:
  // Each doubling has 2^kBits buckets. The linear range below has twice that number.
  static constexpr unsigned kBits = 10;
  static constexpr std::uint64_t kPerDoubling = 1ULL << kBits;
  static_assert(kLinearBuckets == 2 * kPerDoubling);

  static std::size_t index_of(Duration value) noexcept;
  static Duration first_of(std::size_t index) noexcept;
  static Duration last_of(std::size_t index) noexcept { return first_of(index + 1) - Duration{1}; }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  Duration min_{0};
  Duration max_{0};
  double sum_ = 0;  // In nanoseconds. A double, because an integer could overflow.
  double sum_of_squares_ = 0;
};

}  // namespace echo
