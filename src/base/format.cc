#include "echo/base/format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <system_error>
#include <utility>

namespace echo {

using namespace std::chrono_literals;

namespace {

std::string plural(std::uint64_t count, std::string_view noun) {
  return std::string(" ").append(noun).append(count == 1 ? "" : "s");
}

}  // namespace

std::string format_duration(Duration duration) {
  static constexpr std::array<std::pair<std::string_view, Duration>, 6> kParts{
      {{"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}, {"us", 1us}, {"ns", 1ns}}};
  std::string text;
  for (const auto& [name, length] : kParts) {
    if (duration >= length) text.append(std::to_string(duration / length)).append(name);
    duration %= length;
  }
  return text.empty() ? "0s" : text;
}

std::string format_decimal(double value, int decimals) {
  std::array<char, 512> digits{};  // A double has at most 309 digits before the point.
  char* const begin = digits.data();
  const auto [end, error] =
      std::to_chars(begin, begin + digits.size(), value, std::chars_format::fixed, decimals);
  return {begin, error == std::errc{} ? end : begin};
}

std::string format_latency(Duration duration) {
  static constexpr std::array<std::string_view, 4> kUnits{" ns", " us", " ms", " s"};
  auto value = static_cast<double>(duration.count());
  std::size_t unit = 0;
  // A value that would be rounded to 1000 is shown as 1.00 of the next unit.
  for (; value >= 999.5 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  int decimals = 0;
  if (unit > 0 && value < 99.95) decimals = value < 9.995 ? 2 : 1;
  return format_decimal(value, decimals).append(kUnits.at(unit));
}

std::string format_milliseconds(Duration duration) {
  const auto microseconds = std::chrono::round<std::chrono::microseconds>(duration).count();
  const std::string decimals = std::to_string(1000 + microseconds % 1000);
  return std::to_string(microseconds / 1000).append(".").append(decimals, 1);
}

std::string format_number(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t rest = text.size(); rest > 3; rest -= 3) text.insert(rest - 3, 1, ',');
  return text;
}

std::string format_number(std::uint64_t number, std::string_view noun) {
  return format_number(number) + plural(number, noun);
}

std::string format_count(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + plural(count, noun);
}

std::string format_bytes(std::uint64_t bytes) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 6> kUnits{
      {{" EiB", 1ULL << 60},
       {" PiB", 1ULL << 50},
       {" TiB", 1ULL << 40},
       {" GiB", 1ULL << 30},
       {" MiB", 1ULL << 20},
       {" KiB", 1ULL << 10}}};
  for (const auto& [name, size] : kUnits) {
    if (bytes < size) continue;
    const std::uint64_t tenths = bytes % size * 10 / size;
    return std::to_string(bytes / size).append(".").append(std::to_string(tenths)).append(name);
  }
  return std::to_string(bytes) + " B";
}

std::string align_left(std::string_view text, std::size_t columns) {
  return std::string(text).append(columns - std::min(columns, text.size()), ' ');
}

std::string align_right(std::string_view text, std::size_t columns) {
  return std::string(columns - std::min(columns, text.size()), ' ').append(text);
}

}  // namespace echo
