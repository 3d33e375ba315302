#include "echo/units.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace echo {
namespace {

using namespace std::chrono_literals;

struct Quantity {
  std::uint64_t number;
  std::string_view unit;
};

std::optional<Quantity> split(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  return Quantity{number, text.substr(static_cast<std::size_t>(rest - text.data()))};
}

std::optional<std::uint64_t> multiply(std::uint64_t number, std::uint64_t unit,
                                      std::uint64_t limit) {
  if (number > limit / unit) return std::nullopt;
  return number * unit;
}

std::optional<std::uint64_t> bytes_in(std::string_view unit) {
  if (unit.empty()) return 1;
  if (unit == "K" || unit == "k") return std::uint64_t{1} << 10;
  if (unit == "M" || unit == "m") return std::uint64_t{1} << 20;
  if (unit == "G" || unit == "g") return std::uint64_t{1} << 30;
  return std::nullopt;
}

std::optional<Duration> length_of(std::string_view unit) {
  static constexpr std::array<std::pair<std::string_view, Duration>, 6> kUnits{
      {{"us", 1us}, {"ms", 1ms}, {"s", 1s}, {"", 1s}, {"m", 1min}, {"h", 1h}}};
  for (const auto& [name, length] : kUnits) {
    if (unit == name) return length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  const auto quantity = split(text);
  if (!quantity || !quantity->unit.empty()) return std::nullopt;
  return quantity->number;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto quantity = split(text);
  if (!quantity) return std::nullopt;
  const auto unit = bytes_in(quantity->unit);
  if (!unit) return std::nullopt;
  return multiply(quantity->number, *unit, UINT64_MAX);
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto quantity = split(text);
  if (!quantity) return std::nullopt;
  const auto unit = length_of(quantity->unit);
  if (!unit) return std::nullopt;
  const auto count = multiply(quantity->number, static_cast<std::uint64_t>(unit->count()),
                              static_cast<std::uint64_t>(kMaxDuration.count()));
  if (!count) return std::nullopt;
  return Duration{static_cast<Duration::rep>(*count)};
}

std::optional<Rate> parse_rate(std::string_view text) {
  constexpr std::string_view kPerSecond = "/s";
  if (text.ends_with(kPerSecond)) text.remove_suffix(kPerSecond.size());
  const auto count = parse_number(text);
  return count ? std::optional(Rate{.count = *count}) : std::nullopt;
}

std::optional<SizeRange> parse_size_range(std::string_view text) {
  const std::size_t hyphen = text.find('-');
  const auto least = parse_size(text.substr(0, hyphen));
  const auto most = hyphen == std::string_view::npos ? least : parse_size(text.substr(hyphen + 1));
  if (!least || !most || *least > *most) return std::nullopt;
  return SizeRange{.least = *least, .most = *most};
}

std::string format_duration(Duration duration) {
  static constexpr std::array<std::pair<std::string_view, Duration>, 5> kParts{
      {{"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}, {"us", 1us}}};
  std::string text;
  for (const auto& [name, length] : kParts) {
    if (duration >= length) text.append(std::to_string(duration / length)).append(name);
    duration %= length;
  }
  return text.empty() ? "0s" : text;
}

std::string format_decimal(double value, int decimals) {
  std::array<char, 512> digits{};  // A double has 309 digits before the point at most.
  char* const begin = digits.data();
  const auto [end, error] =
      std::to_chars(begin, begin + digits.size(), value, std::chars_format::fixed, decimals);
  return {begin, error == std::errc{} ? end : begin};
}

std::string format_latency(Duration duration) {
  static constexpr std::array<std::string_view, 4> kUnits{" ns", " us", " ms", " s"};
  auto value = static_cast<double>(duration.count());
  std::size_t unit = 0;
  // What would be rounded to 1000 is 1.00 of the next unit.
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

std::string format_count(std::uint64_t count, std::string_view noun) {
  return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
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

}  // namespace echo
