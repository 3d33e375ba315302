#include "echo/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace echo {
namespace {

Duration duration_of(double nanoseconds) noexcept {
  return Duration{static_cast<Duration::rep>(std::llround(nanoseconds))};
}

}  // namespace

Histogram::Histogram() : counts_(index_of(kMaxDuration) + 1) {}

void Histogram::record(Duration value) noexcept {
  value = std::clamp(value, Duration{0}, kMaxDuration);
  ++counts_[index_of(value)];
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  ++count_;
  const auto nanoseconds = static_cast<double>(value.count());
  sum_ += nanoseconds;
  sum_of_squares_ += nanoseconds * nanoseconds;
}

void Histogram::merge(const Histogram& other) noexcept {
  if (other.count_ == 0) return;
  for (std::size_t index = index_of(other.min_); index <= index_of(other.max_); ++index) {
    counts_[index] += other.counts_[index];
  }
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
  sum_ += other.sum_;
  sum_of_squares_ += other.sum_of_squares_;
}

void Histogram::clear() noexcept {
  const auto begin = counts_.begin();
  std::fill(begin + static_cast<std::ptrdiff_t>(index_of(min_)),
            begin + static_cast<std::ptrdiff_t>(index_of(max_)) + 1, 0);
  count_ = 0;
  min_ = max_ = Duration{0};
  sum_ = sum_of_squares_ = 0;
}

Duration Histogram::mean() const noexcept {
  if (count_ == 0) return Duration{0};
  // Rounding of the sum must not move the mean beyond the extremes.
  return std::clamp(duration_of(sum_ / static_cast<double>(count_)), min_, max_);
}

Duration Histogram::deviation() const noexcept {
  if (count_ == 0) return Duration{0};
  const auto count = static_cast<double>(count_);
  const double mean = sum_ / count;
  // If all values are equal, rounding may make the variance negative.
  return duration_of(std::sqrt(std::max(0.0, sum_of_squares_ / count - mean * mean)));
}

Duration Histogram::percentile(unsigned per_ten_thousand) const noexcept {
  // The rank is count * per_ten_thousand / 10,000, rounded up, but the product could overflow.
  constexpr std::uint64_t kAll = 10'000;
  const std::uint64_t rest = count_ % kAll * per_ten_thousand;
  const std::uint64_t rank =
      std::max<std::uint64_t>(1, count_ / kAll * per_ten_thousand + (rest + kAll - 1) / kAll);
  std::uint64_t passed = 0;
  for (std::size_t index = index_of(min_); index < index_of(max_); ++index) {
    passed += counts_[index];
    if (passed >= rank) return last_of(index);
  }
  return max_;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> filled;
  for (std::size_t index = index_of(min_); index <= index_of(max_); ++index) {
    if (counts_[index] == 0) continue;
    filled.push_back({.from = std::max(first_of(index), min_),
                      .to = std::min(last_of(index), max_),
                      .count = counts_[index]});
  }
  return filled;
}

std::optional<Histogram> Histogram::restore(std::span<const Bucket> buckets, Duration mean,
                                            Duration deviation) {
  Histogram histogram;
  if (buckets.empty()) return histogram;
  Duration last{-1};
  for (const Bucket& bucket : buckets) {
    const bool is_range = last < bucket.from && bucket.from <= bucket.to &&
                          bucket.to <= kMaxDuration && index_of(bucket.from) == index_of(bucket.to);
    if (!is_range || bucket.count == 0 || bucket.count > UINT64_MAX - histogram.count_) {
      return std::nullopt;
    }
    histogram.counts_[index_of(bucket.from)] += bucket.count;
    histogram.count_ += bucket.count;
    last = bucket.to;
  }
  histogram.min_ = buckets.front().from;
  histogram.max_ = buckets.back().to;
  if (mean < histogram.min_ || mean > histogram.max_ || deviation < Duration{0} ||
      deviation > histogram.max_) {
    return std::nullopt;
  }
  const auto count = static_cast<double>(histogram.count_);
  const auto average = static_cast<double>(mean.count());
  const auto spread = static_cast<double>(deviation.count());
  histogram.sum_ = average * count;
  histogram.sum_of_squares_ = (average * average + spread * spread) * count;
  return histogram;
}

std::size_t Histogram::index_of(Duration value) noexcept {
  const auto nanoseconds = static_cast<std::uint64_t>(value.count());
  if (nanoseconds < kPerDoubling) return static_cast<std::size_t>(nanoseconds);
  const auto doubling = static_cast<unsigned>(std::bit_width(nanoseconds)) - 1 - kBits;
  return static_cast<std::size_t>(doubling * kPerDoubling + (nanoseconds >> doubling));
}

Duration Histogram::first_of(std::size_t index) noexcept {
  if (index < kPerDoubling) return Duration{static_cast<Duration::rep>(index)};
  const std::uint64_t doubling = index / kPerDoubling - 1;
  return Duration{static_cast<Duration::rep>((index - doubling * kPerDoubling) << doubling)};
}

}  // namespace echo
