#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace echo {

// The time that timeouts are counted in: monotonic, so that setting the clock moves none of them.
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = std::chrono::nanoseconds;

// The longest time parse_duration() takes: about ten years. A Time and this never overflow.
constexpr Duration kMaxDuration = std::chrono::hours{87600};

// So many in each such time: 1,000 a second.
struct Rate {
  std::uint64_t count = 0;
  Duration period = std::chrono::seconds{1};
};

// From `least` to `most`, both included, in bytes.
struct SizeRange {
  std::size_t least = 0;
  std::size_t most = 0;
};

// Each takes the whole text or nothing: no sign, no spaces, no rest, no overflow.

// "10000".
std::optional<std::uint64_t> parse_number(std::string_view text);

// "65536", "64K", "4M", "1G" (powers of 1,024; small letters too), in bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

// "200us", "250ms", "5s", "10m", "1h"; a bare number counts seconds.
std::optional<Duration> parse_duration(std::string_view text);

// "1000" or "1000/s": so many a second.
std::optional<Rate> parse_rate(std::string_view text);

// "64", or "64-64K": sizes as parse_size() takes them, the lesser one first.
std::optional<SizeRange> parse_size_range(std::string_view text);

// "250ms", "1s500ms", "26h5s": exact to a microsecond.
std::string format_duration(Duration duration);

// "12.30": so many decimals, after a point whatever the locale.
std::string format_decimal(double value, int decimals);

// "850 ns", "42.1 us", "1.07 ms", "12.0 s": to read, three significant digits.
std::string format_latency(Duration duration);

// "0.123", "12.034": to read beside others, rounded to microseconds.
std::string format_milliseconds(Duration duration);

// "1,234,567".
std::string format_number(std::uint64_t number);

// "0 connections", "1 connection".
std::string format_count(std::uint64_t count, std::string_view noun);

// "999 B", "1.0 KiB", "3.2 GiB": to read, rounded down.
std::string format_bytes(std::uint64_t bytes);

}  // namespace echo
