// Compares the parsers of option values (numbers, sizes, times, rates and log levels) with simple
// implementations.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "echo/base/format.h"
#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/os/log.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

namespace echo {
namespace {

using fuzz::require;

// The name of a unit and its factor.
using Unit = std::pair<std::string_view, std::uint64_t>;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::array<Unit, 1> kNoUnits{{{"", 1}}};
constexpr std::array<Unit, 7> kCounts{{{"", 1},
                                       {"k", 1'000},
                                       {"K", 1'000},
                                       {"m", 1'000'000},
                                       {"M", 1'000'000},
                                       {"g", 1'000'000'000},
                                       {"G", 1'000'000'000}}};
constexpr std::array<Unit, 7> kSizes{{{"", 1},
                                      {"k", 1 << 10},
                                      {"K", 1 << 10},
                                      {"m", 1 << 20},
                                      {"M", 1 << 20},
                                      {"g", 1 << 30},
                                      {"G", 1 << 30}}};
constexpr std::array<Unit, 7> kTimes{{{"ns", 1},
                                      {"us", 1'000},
                                      {"ms", 1'000'000},
                                      {"s", kSecond},
                                      {"", kSecond},
                                      {"m", 60 * kSecond},
                                      {"h", 3600 * kSecond}}};

constexpr std::array<Unit, 1> kPercent{{{"%", 10'000'000}}};

constexpr std::array<Unit, 4> kPeriods{
    {{"", kSecond}, {"/s", kSecond}, {"/m", 60 * kSecond}, {"/h", 3600 * kSecond}}};

constexpr std::string_view kDigits = "0123456789";
constexpr std::size_t kMaxDecimals = 19;

// Returns digits * factor as a decimal number of any length, by long multiplication.
std::string product(const std::string& digits, std::uint64_t factor) {
  std::string reversed;
  std::uint64_t carry = 0;
  for (auto digit = digits.rbegin(); digit != digits.rend() || carry > 0;) {
    // The factor is less than 2^60, so ten times the factor does not overflow.
    if (digit != digits.rend()) carry += static_cast<std::uint64_t>(*digit++ - '0') * factor;
    reversed += static_cast<char>('0' + carry % 10);
    carry /= 10;
  }
  std::reverse(reversed.begin(), reversed.end());
  reversed.erase(0, reversed.find_first_not_of('0'));
  return reversed;
}

const Unit* find(std::string_view name, std::span<const Unit> units) {
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& known) { return known.first == name; });
  return unit == units.end() ? nullptr : &*unit;
}

// A decimal number: its digits without the point, and the number of digits after the point.
struct Decimal {
  std::string digits;
  std::size_t decimals = 0;
};

// Removes a decimal number from the beginning of `text`.
std::optional<Decimal> take_decimal(std::string_view& text) {
  const auto take = [&text] {
    const std::size_t length = std::min(text.find_first_not_of(kDigits), text.size());
    std::string digits(text.substr(0, length));
    text.remove_prefix(length);
    return digits;
  };
  Decimal decimal{.digits = take()};
  if (decimal.digits.empty()) return std::nullopt;
  if (!text.starts_with('.')) return decimal;
  text.remove_prefix(1);
  std::string behind = take();
  if (behind.empty()) return std::nullopt;
  behind.erase(behind.find_last_not_of('0') + 1);
  return Decimal{.digits = decimal.digits + behind, .decimals = behind.size()};
}

// Parses a decimal number with a unit. Together they must be a whole number, at most `most`.
std::optional<std::uint64_t> read(std::string_view text, std::span<const Unit> units,
                                  std::uint64_t most) {
  const auto decimal = take_decimal(text);
  const Unit* const unit = find(text, units);
  if (!decimal || unit == nullptr || decimal->decimals > kMaxDecimals) return std::nullopt;
  std::string value = product(decimal->digits, unit->second);
  const std::size_t rest = std::min(value.size(), decimal->decimals);
  if (value.find_last_not_of('0') + 1 > value.size() - rest) return std::nullopt;
  value.resize(value.size() - rest);
  const std::string limit = std::to_string(most);
  if (value.size() > limit.size() || (value.size() == limit.size() && value > limit)) {
    return std::nullopt;
  }
  return parse_number(value.empty() ? "0" : value);
}

// Checks that the parser returned `expected`, or failed if `expected` is nullopt.
template <typename Value, typename Count>
void check_value(const Parsed<Value>& parsed, const std::optional<Count>& expected,
                 std::string_view what) {
  require(static_cast<bool>(parsed) == expected.has_value(), what);
  if (parsed) require(*parsed == static_cast<Value>(*expected), what);
}

// Checks that count / period equals the number in the text.
void check_rate(std::string_view text) {
  const auto rate = parse_rate(text);
  const std::string_view number = text.substr(0, text.find('/'));
  std::string_view unit = number;
  const auto decimal = take_decimal(unit);
  const Unit* const factor = find(unit, kCounts);
  const Unit* const period = find(text.substr(number.size()), kPeriods);
  const bool is_rate = decimal && factor != nullptr && period != nullptr;
  require(is_rate || (!rate && rate.error() == ParseError::kMalformed),
          "a rate is a count with a unit");
  if (!rate) return;
  require(rate->count <= Rate::kMaxCount && rate->period <= kMaxDuration,
          "count and period of a rate are in range");
  const auto length = static_cast<std::uint64_t>(rate->period.count());
  require(product(product(decimal->digits, factor->second), length) ==
              product(std::to_string(rate->count), period->second) +
                  (rate->count > 0 ? std::string(decimal->decimals, '0') : ""),
          "a rate is exact");
}

// Returns the value of a time such as "1h30m5s". Its parts have descending units, and each part is
// less than one unit of the previous part.
Duration sum_of_parts(std::string_view text) {
  constexpr std::array<Unit, 6> kParts{
      {{"h", 87601}, {"m", 60}, {"s", 60}, {"ms", 1000}, {"us", 1000}, {"ns", 1000}}};
  Duration sum{0};
  for (const auto& [unit, limit] : kParts) {
    const std::size_t digits = text.find_first_not_of(kDigits);
    const std::size_t length = std::min(text.find_first_of(kDigits, digits), text.size());
    if (text.empty() || text.substr(digits, length - digits) != unit) continue;
    const auto count = parse_number(text.substr(0, digits));
    const auto part = parse_duration(text.substr(0, length));
    require(count && *count < limit && part, "each part of a time is a time and in range");
    require(*count > 0 || (text == "0s" && sum == Duration{0}), "no part of a time is 0");
    sum += *part;
    text.remove_prefix(length);
  }
  require(text.empty(), "the parts of a time are h, m, s, ms, us and ns, in this order");
  return sum;
}

void check_format(Duration duration) {
  require(sum_of_parts(format_duration(duration)) == duration, "format_duration() is exact");
}

void check_values(std::string_view text) {
  const bool is_digits = text.find_first_not_of(kDigits) == std::string_view::npos;
  require(parse_number(text) == (is_digits ? read(text, kNoUnits, UINT64_MAX) : std::nullopt),
          "a number has the value of its digits");
  check_value(parse_count(text), read(text, kCounts, UINT64_MAX),
              "a count is multiplied by its unit");
  check_value(parse_size(text), read(text, kSizes, SIZE_MAX), "a size is multiplied by its unit");

  constexpr auto kMost = static_cast<std::uint64_t>(kMaxDuration.count());
  const auto duration = parse_duration(text);
  check_value(duration, read(text, kTimes, kMost), "a time is multiplied by its unit");
  if (duration) check_format(*duration);
  check_rate(text);
  check_value(parse_percentage(text), read(text, kPercent, kWhole),
              "a percentage is in billionths of the whole");

  constexpr std::array<std::string_view, 4> kLevels{"error", "warning", "info", "debug"};
  const auto* const level = std::find(kLevels.begin(), kLevels.end(), text);
  const auto parsed = parse_log_level(text);
  require(parsed.has_value() == (level != kLevels.end()), "exactly four words are log levels");
  if (parsed) require(static_cast<int>(*parsed) == level - kLevels.begin(), "each has its level");
}

// Makes a valid duration of the first bytes.
Duration some_duration(fuzz::Input input) {
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | input.byte();
  return Duration{number % static_cast<std::uint64_t>(kMaxDuration.count() + 1)};
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const echo::fuzz::Input input(data, size);
  echo::check_values(input.rest());
  echo::check_format(echo::some_duration(input));
  return 0;
}
