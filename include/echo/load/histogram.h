#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "echo/base/time.h"

namespace echo {

// How long things took, counted in buckets: constant memory, whatever is recorded.
//
// The buckets are log-linear: a nanosecond wide below 2,048 ns, and of each doubling above that
// there are 1,024 of the same width. So a value read back is at most a thousandth more than the one
// recorded: three significant digits, from a microsecond to the longest time that there is. They
// take 400 KB. The count and the extremes are exact, the mean and the deviation are of the values
// themselves.
class Histogram {
 public:
  // The percentiles of reports, as percentile() takes them.
  static constexpr unsigned kMedian = 5000;
  static constexpr unsigned kP90 = 9000;
  static constexpr unsigned kP99 = 9900;
  static constexpr unsigned kP999 = 9990;
  static constexpr unsigned kP9999 = 9999;

  // Takes all the memory that it ever has.
  Histogram();

  // A negative value, which only a clock that goes backwards gives, counts as 0, and one of more
  // than kMaxDuration as that.
  void record(Duration value) noexcept;

  // As if all that was recorded there had been recorded here.
  void merge(const Histogram& other) noexcept;
  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }

  // All of these are 0 if nothing was recorded: no figures to show.
  Duration min() const noexcept { return min_; }
  Duration max() const noexcept { return max_; }
  Duration mean() const noexcept;
  // The standard deviation, which ping(8) calls mdev.
  Duration deviation() const noexcept;

  // The value that `per_ten_thousand` of 10,000 recorded ones do not exceed (nearest rank), as the
  // end of its bucket, or max() if that is less. At most 10,000, which gives the greatest.
  Duration percentile(unsigned per_ten_thousand) const noexcept;

  // Values from `from` to `to`, both included, were recorded `count` times.
  struct Bucket {
    Duration from;
    Duration to;
    std::uint64_t count;
  };

  // Those in which there is something, from the least on. None reaches beyond min() or max().
  std::vector<Bucket> buckets() const;

 private:
  // Each doubling has 2^kBits buckets, and so has the first stretch twice.
  static constexpr unsigned kBits = 10;
  static constexpr std::uint64_t kPerDoubling = 1ULL << kBits;

  static std::size_t index_of(Duration value) noexcept;
  static Duration first_of(std::size_t index) noexcept;
  static Duration last_of(std::size_t index) noexcept { return first_of(index + 1) - Duration{1}; }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  Duration min_{0};
  Duration max_{0};
  double sum_ = 0;  // Of nanoseconds: a double holds the sum of all that any run records.
  double sum_of_squares_ = 0;
};

}  // namespace echo
