#include "echo/base/parse.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace echo {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kMaxDecimals = 19;  // 10^19 still fits into 64 bits.

// The name of a unit, and its size in the smallest unit.
using Unit = std::pair<std::string_view, std::uint64_t>;
using Units = std::span<const Unit>;

constexpr std::array<Unit, 7> kCounts{{{"", 1},
                                       {"K", 1'000},
                                       {"k", 1'000},
                                       {"M", 1'000'000},
                                       {"m", 1'000'000},
                                       {"G", 1'000'000'000},
                                       {"g", 1'000'000'000}}};
constexpr std::array<Unit, 7> kSizes{{{"", 1},
                                      {"K", 1U << 10},
                                      {"k", 1U << 10},
                                      {"M", 1U << 20},
                                      {"m", 1U << 20},
                                      {"G", 1U << 30},
                                      {"g", 1U << 30}}};

constexpr std::uint64_t whole_nanoseconds(Duration time) {
  return static_cast<std::uint64_t>(time.count());
}

constexpr std::array<Unit, 7> kTimes{{{"ns", 1},
                                      {"us", whole_nanoseconds(1us)},
                                      {"ms", whole_nanoseconds(1ms)},
                                      {"s", whole_nanoseconds(1s)},
                                      {"", whole_nanoseconds(1s)},
                                      {"m", whole_nanoseconds(1min)},
                                      {"h", whole_nanoseconds(1h)}}};
constexpr std::array<Unit, 4> kPeriods{{{"", whole_nanoseconds(1s)},
                                        {"/s", whole_nanoseconds(1s)},
                                        {"/m", whole_nanoseconds(1min)},
                                        {"/h", whole_nanoseconds(1h)}}};

// The registry of IANA, "Differentiated Services Field Codepoints".
constexpr std::array<std::pair<std::string_view, unsigned>, 22> kClasses{
    {{"CS0", 0},   {"CS1", 8},   {"CS2", 16},  {"CS3", 24},  {"CS4", 32},  {"CS5", 40},
     {"CS6", 48},  {"CS7", 56},  {"AF11", 10}, {"AF12", 12}, {"AF13", 14}, {"AF21", 18},
     {"AF22", 20}, {"AF23", 22}, {"AF31", 26}, {"AF32", 28}, {"AF33", 30}, {"AF41", 34},
     {"AF42", 36}, {"AF43", 38}, {"EF", 46},   {"LE", 1}}};

constexpr std::array<Unit, 1> kPercent{{{"%", kWhole / 100}}};

// (`whole` + `part` / `parts`) times `unit`.
struct Quantity {
  std::uint64_t whole = 0;
  std::uint64_t part = 0;
  std::uint64_t parts = 1;  // A power of 10.
  std::uint64_t unit = 1;
};

// Removes the leading digits from the text and returns them.
std::string_view take_digits(std::string_view& text) {
  const std::size_t length = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, length);
  text.remove_prefix(length);
  return digits;
}

// Removes a point and decimals from the text and drops the trailing zeros of `decimals`. Returns
// false if a point has no digits after it.
bool take_decimals(std::string_view& text, std::string_view& decimals) {
  if (!text.starts_with('.')) return true;
  text.remove_prefix(1);
  decimals = take_digits(text);
  if (decimals.empty()) return false;
  decimals = decimals.substr(0, decimals.find_last_not_of('0') + 1);
  return true;
}

std::optional<std::uint64_t> unit_of(std::string_view name, Units units) {
  for (const auto& [known, size] : units) {
    if (name == known) return size;
  }
  return std::nullopt;
}

Parsed<Quantity> parse_quantity(std::string_view text, Units units) {
  const std::string_view whole = take_digits(text);
  std::string_view decimals;
  const bool is_whole = !whole.empty() && take_decimals(text, decimals);
  const auto unit = unit_of(text, units);
  if (!is_whole || !unit) return ParseError::kMalformed;

  Quantity quantity;
  quantity.unit = *unit;
  const char* const end = whole.data() + whole.size();
  if (std::from_chars(whole.data(), end, quantity.whole).ec != std::errc{}) {
    return ParseError::kTooLarge;
  }
  if (decimals.size() > kMaxDecimals) return ParseError::kTooFine;
  for (const char digit : decimals) {
    quantity.part = quantity.part * 10 + static_cast<std::uint64_t>(digit - '0');
    quantity.parts *= 10;
  }
  return quantity;
}

// The value in the smallest unit.
Parsed<std::uint64_t> value_of(const Quantity& quantity, std::uint64_t most) {
  const auto& [whole, part, parts, unit] = quantity;
  if (whole > most / unit) return ParseError::kTooLarge;
  const std::uint64_t common = std::gcd(unit, parts);
  if (part % (parts / common) != 0) return ParseError::kTooFine;
  const std::uint64_t rest = part / (parts / common) * (unit / common);
  if (rest > most - whole * unit) return ParseError::kTooLarge;
  return whole * unit + rest;
}

Parsed<std::uint64_t> parse_value(std::string_view text, Units units,
                                  std::uint64_t most = UINT64_MAX) {
  const auto quantity = parse_quantity(text, units);
  return quantity ? value_of(*quantity, most) : quantity.error();
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

std::optional<unsigned> parse_dscp(std::string_view text) {
  constexpr unsigned kMax = 63;
  if (const auto number = parse_number(text)) {
    return *number <= kMax ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
  }
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto* const found = std::find_if(kClasses.begin(), kClasses.end(),
                                         [&](const auto& each) { return each.first == name; });
  return found == kClasses.end() ? std::nullopt : std::optional(found->second);
}

Parsed<std::uint64_t> parse_count(std::string_view text) { return parse_value(text, kCounts); }

Parsed<std::size_t> parse_size(std::string_view text) {
  const auto size = parse_value(text, kSizes, SIZE_MAX);
  if (!size) return size.error();
  return static_cast<std::size_t>(*size);
}

Parsed<Duration> parse_duration(std::string_view text) {
  const auto count = parse_value(text, kTimes, whole_nanoseconds(kMaxDuration));
  if (!count) return count.error();
  return Duration{static_cast<Duration::rep>(*count)};
}

// A fractional count becomes a whole count in a longer period: 2.5 per second become 5 per two
// seconds.
Parsed<Rate> parse_rate(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto period = unit_of(text.substr(slash), kPeriods);
  const auto count = parse_quantity(text.substr(0, slash), kCounts);
  if (!period || !count) return period ? count.error() : ParseError::kMalformed;
  const auto& [whole, part, parts, unit] = *count;
  // Reduces the fractions before multiplying, so that no product overflows.
  const std::uint64_t common = std::gcd(unit, parts);
  const std::uint64_t divisor = (parts / common) / std::gcd(part, parts / common);
  if (whole > Rate::kMaxCount / unit) return ParseError::kTooLarge;
  if (divisor > whole_nanoseconds(kMaxDuration) / *period) return ParseError::kTooFine;
  const std::uint64_t rest = part / ((parts / common) / divisor) * (unit / common);
  if (rest > Rate::kMaxCount || whole * unit > (Rate::kMaxCount - rest) / divisor) {
    return ParseError::kTooFine;
  }
  return Rate{.count = whole * unit * divisor + rest,
              .period = Duration{static_cast<Duration::rep>(*period * divisor)}};
}

Parsed<std::uint64_t> parse_percentage(std::string_view text) {
  return parse_value(text, kPercent, kWhole);
}

Parsed<SizeRange> parse_size_range(std::string_view text) {
  const std::size_t hyphen = text.find('-');
  const auto least = parse_size(text.substr(0, hyphen));
  const auto most = hyphen == std::string_view::npos ? least : parse_size(text.substr(hyphen + 1));
  if (!least || !most) return least ? most.error() : least.error();
  if (*least > *most) return ParseError::kMalformed;
  return SizeRange{.least = *least, .most = *most};
}

}  // namespace echo
