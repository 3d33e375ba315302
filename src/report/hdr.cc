#include "echo/report/hdr.h"

#include <bit>
#include <cstdint>
#include <string_view>

#include "echo/base/format.h"
#include "echo/base/time.h"

namespace echo {
namespace {

// The percentile of a line. Five steps halve its distance to 100%.
class Tick {
 public:
  // 2 for the median, 100 for the 99th percentile.
  double inverse_distance() const { return kFull * halvings_ / left_; }
  double fraction() const { return 1 - 1 / inverse_distance(); }

  // True if the fraction is at most `passed` of `total`. The products are exact.
  bool is_within(std::uint64_t passed, std::uint64_t total) const {
    return static_cast<double>(total - passed) * kFull * halvings_ <=
           static_cast<double>(total) * left_;
  }

  void advance() {
    if (--left_ > kFull / 2) return;
    left_ = kFull;
    halvings_ *= 2;
  }

 private:
  // The distance is left_ / kFull of 1 / halvings_.
  static constexpr double kFull = 10;
  double left_ = kFull;
  double halvings_ = 1;
};

std::string in_milliseconds(Duration time) {
  return format_decimal(static_cast<double>(time.count()) / 1e6, 6);
}

// The first byte is a space, however long the value is: hdr-plot ignores other lines.
std::string columns(std::string_view value, std::string_view fraction, std::string_view count,
                    std::string_view inverse) {
  return " " + align_right(value, 12) + " " + align_right(fraction, 14) + " " +
         align_right(count, 10) + " " + align_right(inverse, 14) + "\n";
}

std::string line(Duration value, double fraction, std::uint64_t count, std::string_view inverse) {
  return columns(in_milliseconds(value), format_decimal(fraction, 12), std::to_string(count),
                 inverse);
}

std::string footer_line(std::string_view name, std::string_view value, std::string_view other_name,
                        std::string_view other_value) {
  return "#[" + align_left(name, 7) + " = " + align_right(value, 12) + ", " +
         align_left(other_name, 14) + " = " + align_right(other_value, 12) + "]\n";
}

// In HdrHistogram's words: a bucket holds the values up to a power of two, in sub-buckets of equal
// width.
std::string footer(const Histogram& histogram) {
  constexpr auto kMost = static_cast<std::uint64_t>(kMaxDuration.count());
  constexpr auto kBuckets = std::bit_width(kMost / Histogram::kLinearBuckets) + 1;
  return footer_line("Mean", in_milliseconds(histogram.mean()), "StdDeviation",
                     in_milliseconds(histogram.deviation())) +
         footer_line("Max", in_milliseconds(histogram.max()), "Total count",
                     std::to_string(histogram.count())) +
         footer_line("Buckets", std::to_string(kBuckets), "SubBuckets",
                     std::to_string(Histogram::kLinearBuckets));
}

}  // namespace

std::string format_hdr(const Histogram& histogram) {
  std::string text = columns("Value", "Percentile", "TotalCount", "1/(1-Percentile)") + "\n";
  const std::uint64_t total = histogram.count();
  std::uint64_t passed = 0;
  Tick tick;
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    passed += bucket.count;
    while (tick.is_within(passed, total)) {
      text += line(bucket.to, tick.fraction(), passed, format_decimal(tick.inverse_distance(), 2));
      tick.advance();
      if (passed == total) break;
    }
  }
  return text + line(histogram.max(), 1, total, "inf") + footer(histogram);
}

}  // namespace echo
