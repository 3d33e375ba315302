// The values of options: numbers, sizes, times and log levels, against the plainest reading of
// them.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "echo/log.h"
#include "echo/units.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

namespace echo {
namespace {

using fuzz::require;

// A unit's name, and how many of the smallest one it is.
using Unit = std::pair<std::string_view, std::uint64_t>;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::array<Unit, 1> kNoUnits{{{"", 1}}};
constexpr std::array<Unit, 7> kSizes{{{"", 1},
                                      {"k", 1 << 10},
                                      {"K", 1 << 10},
                                      {"m", 1 << 20},
                                      {"M", 1 << 20},
                                      {"g", 1 << 30},
                                      {"G", 1 << 30}}};
constexpr std::array<Unit, 6> kTimes{{{"us", 1'000},
                                      {"ms", 1'000'000},
                                      {"s", kSecond},
                                      {"", kSecond},
                                      {"m", 60 * kSecond},
                                      {"h", 3600 * kSecond}}};

constexpr std::string_view kDigits = "0123456789";

// Digits and one of the units, no more than `most` together.
std::optional<std::uint64_t> read(std::string_view text, std::span<const Unit> units,
                                  std::uint64_t most) {
  const std::size_t length = std::min(text.find_first_not_of(kDigits), text.size());
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& known) {
    return known.first == text.substr(length);
  });
  if (length == 0 || unit == units.end()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char digit : text.substr(0, length)) {
    const auto value = static_cast<std::uint64_t>(digit - '0');
    if (number > most / 10 || number * 10 > most - value) return std::nullopt;
    number = number * 10 + value;
  }
  if (number > most / unit->second) return std::nullopt;
  return number * unit->second;
}

// The value of "1h30m5s": of parts that grow smaller, each less than one of the part before.
Duration sum_of_parts(std::string_view text) {
  constexpr std::array<Unit, 5> kParts{
      {{"h", 87601}, {"m", 60}, {"s", 60}, {"ms", 1000}, {"us", 1000}}};
  Duration sum{0};
  for (const auto& [unit, limit] : kParts) {
    const std::size_t digits = text.find_first_not_of(kDigits);
    const std::size_t length = std::min(text.find_first_of(kDigits, digits), text.size());
    if (text.empty() || text.substr(digits, length - digits) != unit) continue;
    const auto count = parse_number(text.substr(0, digits));
    const auto part = parse_duration(text.substr(0, length));
    require(count && *count < limit && part, "a part of a time is a time, and in range");
    require(*count > 0 || (text == "0s" && sum == Duration{0}), "a part of a time is not naught");
    sum += *part;
    text.remove_prefix(length);
  }
  require(text.empty(), "the parts of a time are h, m, s, ms and us, in this order");
  return sum;
}

void check_format(Duration duration) {
  require(sum_of_parts(format_duration(duration)) ==
              std::chrono::floor<std::chrono::microseconds>(duration),
          "a time in words is exact to a microsecond");
}

void check_values(std::string_view text) {
  require(parse_number(text) == read(text, kNoUnits, UINT64_MAX),
          "a number is what its digits say");
  require(parse_size(text) == read(text, kSizes, UINT64_MAX),
          "a size is its number times its unit");

  constexpr auto kMost = static_cast<std::uint64_t>(kMaxDuration.count());
  const auto duration = parse_duration(text);
  const auto expected = read(text, kTimes, kMost);
  require(duration.has_value() == expected.has_value(), "a time is a number and a unit, or none");
  if (duration) {
    require(*duration == Duration{*expected}, "a time is its number times its unit");
    check_format(*duration);
  }

  constexpr std::array<std::string_view, 4> kLevels{"error", "warning", "info", "debug"};
  const auto* const level = std::find(kLevels.begin(), kLevels.end(), text);
  const auto parsed = parse_log_level(text);
  require(parsed.has_value() == (level != kLevels.end()), "a log level is one of four words");
  if (parsed) require(static_cast<int>(*parsed) == level - kLevels.begin(), "that log level");
}

// Any time that there may be, made of the first bytes.
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
