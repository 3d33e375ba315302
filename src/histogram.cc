#include "echo/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace echo {
namespace {

std::uint64_t nanoseconds_of(Duration value) noexcept {
  return static_cast<std::uint64_t>(std::clamp(value, Duration{0}, Histogram::kMost).count());
}

Duration duration_of(double nanoseconds) noexcept {
  return Duration{static_cast<Duration::rep>(std::llround(nanoseconds))};
}

}  // namespace

Histogram::Histogram() : counts_(index_of(nanoseconds_of(kMost)) + 1) {}

void Histogram::record(Duration value) noexcept {
  value = std::max(value, Duration{0});
  ++counts_[index_of(nanoseconds_of(value))];
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  ++count_;
  const auto nanoseconds = static_cast<double>(value.count());
  sum_ += nanoseconds;
  sum_of_squares_ += nanoseconds * nanoseconds;
}

void Histogram::merge(const Histogram& other) noexcept {
  if (other.count_ == 0) return;
  for (std::size_t index = 0; index < counts_.size(); ++index) {
    counts_[index] += other.counts_[index];
  }
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
  sum_ += other.sum_;
  sum_of_squares_ += other.sum_of_squares_;
}

void Histogram::clear() noexcept {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = 0;
  min_ = max_ = Duration{0};
  sum_ = sum_of_squares_ = 0;
}

Duration Histogram::mean() const noexcept {
  return count_ == 0 ? Duration{0} : duration_of(sum_ / static_cast<double>(count_));
}

Duration Histogram::deviation() const noexcept {
  if (count_ == 0) return Duration{0};
  const auto count = static_cast<double>(count_);
  const double mean = sum_ / count;
  // What rounding leaves of equal values may be below 0.
  return duration_of(std::sqrt(std::max(0.0, sum_of_squares_ / count - mean * mean)));
}

Duration Histogram::percentile(unsigned per_ten_thousand) const noexcept {
  // The rank is count * per_ten_thousand / 10,000, rounded up, without the product's overflow.
  constexpr std::uint64_t kAll = 10'000;
  const std::uint64_t rest = count_ % kAll * per_ten_thousand;
  const std::uint64_t rank =
      std::max<std::uint64_t>(1, count_ / kAll * per_ten_thousand + (rest + kAll - 1) / kAll);
  std::uint64_t passed = 0;
  for (std::size_t index = index_of(nanoseconds_of(min_)); index < counts_.size(); ++index) {
    passed += counts_[index];
    if (passed >= rank && index + 1 < counts_.size()) return std::min(last_of(index), max_);
  }
  return max_;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> filled;
  for (std::size_t index = 0; index < counts_.size(); ++index) {
    if (counts_[index] > 0) filled.push_back({first_of(index), last_of(index), counts_[index]});
  }
  return filled;
}

std::size_t Histogram::index_of(std::uint64_t nanoseconds) noexcept {
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
