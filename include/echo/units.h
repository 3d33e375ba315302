#pragma once

#include <chrono>
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

// Each takes the whole text or nothing: no sign, no spaces, no rest, no overflow.

// "10000".
std::optional<std::uint64_t> parse_number(std::string_view text);

// "65536", "64K", "4M", "1G" (powers of 1,024; small letters too), in bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

// "200us", "250ms", "5s", "10m", "1h"; a bare number counts seconds.
std::optional<Duration> parse_duration(std::string_view text);

// "250ms", "1s500ms", "26h5s": exact to a microsecond.
std::string format_duration(Duration duration);

// "0 connections", "1 connection".
std::string format_count(std::uint64_t count, std::string_view noun);

// "999 B", "1.0 KiB", "3.2 GiB": to read, rounded down.
std::string format_bytes(std::uint64_t bytes);

}  // namespace echo
