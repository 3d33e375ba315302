#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "echo/base/time.h"

namespace echo {

// "250ms", "1s500ms", "26h5s": exact. parse_duration() accepts each part.
std::string format_duration(Duration duration);

// "12.30": a fixed number of decimals after a point, in every locale.
std::string format_decimal(double value, int decimals);

// "850 ns", "42.1 us", "1.07 ms", "12.0 s": three significant digits, for people.
std::string format_latency(Duration duration);

// "0.123", "12.034": rounded to microseconds, for columns of numbers.
std::string format_milliseconds(Duration duration);

// "1,234,567"; "1,234 connections", "1 connection": for people.
std::string format_number(std::uint64_t number);
std::string format_number(std::uint64_t number, std::string_view noun);

// "1234 connections", "1 connection".
std::string format_count(std::uint64_t count, std::string_view noun);

// "999 B", "1.0 KiB", "3.2 GiB": rounded down, for people.
std::string format_bytes(std::uint64_t bytes);

// Pads ASCII text with spaces, after it or before it, to at least `columns` columns.
std::string align_left(std::string_view text, std::size_t columns);
std::string align_right(std::string_view text, std::size_t columns);

}  // namespace echo
