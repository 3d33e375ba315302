#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "echo/base/time.h"

namespace echo {

// "250ms", "1s500ms", "26h5s": exact, and what parse_duration() takes part by part.
std::string format_duration(Duration duration);

// "12.30": N decimals, after a point whatever the locale.
std::string format_decimal(double value, int decimals);

// "850 ns", "42.1 us", "1.07 ms", "12.0 s": to read, three significant digits.
std::string format_latency(Duration duration);

// "0.123", "12.034": to read beside others, rounded to microseconds.
std::string format_milliseconds(Duration duration);

// "1,234,567"; "1,234 connections", "1 connection": to read.
std::string format_number(std::uint64_t number);
std::string format_number(std::uint64_t number, std::string_view noun);

// "1234 connections", "1 connection".
std::string format_count(std::uint64_t count, std::string_view noun);

// "999 B", "1.0 KiB", "3.2 GiB": to read, rounded down.
std::string format_bytes(std::uint64_t bytes);

// ASCII with spaces behind it, or before it, so that it has that many columns at least.
std::string align_left(std::string_view text, std::size_t columns);
std::string align_right(std::string_view text, std::size_t columns);

}  // namespace echo
