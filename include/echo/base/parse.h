#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "echo/base/time.h"

namespace echo {

// N in each such time: 1,000 a second.
struct Rate {
  static constexpr std::uint64_t kMaxCount = 3'000'000'000;  // Its square is less than 2^63.

  std::uint64_t count = 0;
  Duration period = std::chrono::seconds{1};
};

// From `least` to `most`, both included, in bytes.
struct SizeRange {
  std::size_t least = 0;
  std::size_t most = 0;
};

// "10000": the whole text, or nothing.
std::optional<std::uint64_t> parse_number(std::string_view text);

// Why a text is not the value that it should be.
enum class Misfit {
  kMalformed,  // It is not written as one.
  kTooLarge,   // It is more than there may be.
  kTooFine,    // It is not a whole number of pieces, bytes or nanoseconds.
};

// What a text says, exactly, or why it does not.
template <typename Value>
class Parsed {
 public:
  // NOLINTBEGIN(google-explicit-constructor): either is what a function returns.
  Parsed(Value value) : value_(std::move(value)) {}
  Parsed(Misfit misfit) : misfit_(misfit) {}
  // NOLINTEND(google-explicit-constructor)

  explicit operator bool() const noexcept { return value_.has_value(); }
  const Value& operator*() const noexcept { return *value_; }
  const Value* operator->() const noexcept { return &*value_; }
  Misfit misfit() const noexcept { return misfit_; }

 private:
  std::optional<Value> value_;
  Misfit misfit_ = Misfit::kMalformed;
};

// Each takes the whole text: a decimal number, of up to 19 digits after a point, and a unit. No
// sign, no spaces, no rest.

// "10000", "10K", "1.5M", "1G" (powers of 1,000; small letters too).
Parsed<std::uint64_t> parse_count(std::string_view text);

// "65536", "64K", "1.5M", "1G" (powers of 1,024; small letters too), in bytes.
Parsed<std::uint64_t> parse_size(std::string_view text);

// "500ns", "200us", "250ms", "1.5s", "10m", "1h"; a bare number counts seconds. kMaxDuration at
// most.
Parsed<Duration> parse_duration(std::string_view text);

// "1000", "0.5", "10K/s", "10/m", "2.5/h": a count, each second unless a unit follows.
Parsed<Rate> parse_rate(std::string_view text);

// "64", or "64-1.5K": sizes as parse_size() takes them, the lesser one first.
Parsed<SizeRange> parse_size_range(std::string_view text);

}  // namespace echo
