#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "echo/base/time.h"

namespace echo {

// N events per period, such as 1,000 per second.
struct Rate {
  static constexpr std::uint64_t kMaxCount = 3'000'000'000;  // Its square is below 2^63.

  std::uint64_t count = 0;
  Duration period = std::chrono::seconds{1};
};

// Sizes in bytes from `least` to `most`, both included.
struct SizeRange {
  std::size_t least = 0;
  std::size_t most = 0;
};

// Parses "10000". Returns nullopt unless the whole text is a number.
std::optional<std::uint64_t> parse_number(std::string_view text);

// Why a text is not a valid value.
enum class ParseError {
  kMalformed,  // The syntax is wrong.
  kTooLarge,   // It exceeds the maximum.
  kTooFine,    // It is not a whole number of units, bytes or nanoseconds.
};

// The exact value of a text, or the reason that it has none.
template <typename Value>
class Parsed {
 public:
  // NOLINTBEGIN(google-explicit-constructor): a function returns either of them
  Parsed(Value value) : value_(std::move(value)) {}
  Parsed(ParseError error) : error_(error) {}
  // NOLINTEND(google-explicit-constructor)

  explicit operator bool() const noexcept { return value_.has_value(); }
  const Value& operator*() const noexcept { return *value_; }
  const Value* operator->() const noexcept { return &*value_; }
  ParseError error() const noexcept { return error_; }

 private:
  std::optional<Value> value_;
  ParseError error_ = ParseError::kMalformed;
};

// "0" to "63", or the name of a class: "CS0" to "CS7", "AF11" to "AF43", "EF" or "LE", in capital
// or small letters (RFC 2474, 2597, 3246, 8622).
std::optional<unsigned> parse_dscp(std::string_view text);

// The parse functions below accept the whole text only: a decimal number, with up to 19 digits
// after the point, and a unit. They accept no sign and no spaces.

// "10000", "10K", "1.5M", "1G": powers of 1,000, in capital or small letters.
Parsed<std::uint64_t> parse_count(std::string_view text);

// "65536", "64K", "1.5M", "1G": bytes, in powers of 1,024, in capital or small letters. The maximum
// is SIZE_MAX.
Parsed<std::size_t> parse_size(std::string_view text);

// "500ns", "200us", "250ms", "1.5s", "10m", "1h"; a number without a unit is in seconds. The
// maximum is kMaxDuration.
Parsed<Duration> parse_duration(std::string_view text);

// "1000", "0.5", "10K/s", "10/m", "2.5/h": a count, per second unless a unit follows.
Parsed<Rate> parse_rate(std::string_view text);

// "0.1%" or "100%", in billionths of the whole. The maximum is kWhole.
constexpr std::uint64_t kWhole = 1'000'000'000;
Parsed<std::uint64_t> parse_percentage(std::string_view text);

// "64" or "64-1.5K": sizes in the notation of parse_size(), the smaller one first.
Parsed<SizeRange> parse_size_range(std::string_view text);

}  // namespace echo
