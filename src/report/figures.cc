#include "echo/report/figures.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <ctime>

#include "echo/base/parse.h"

namespace echo {
namespace {

constexpr const char* kNoFigure = "-";

std::uint64_t whole_of(double figure) {
  constexpr double kMax = 1e18;  // Far below the overflow of the conversion.
  return static_cast<std::uint64_t>(std::llround(std::min(figure, kMax)));
}

}  // namespace

std::string field_name(const Percentile& percentile, std::string_view unit) {
  std::string name = std::string(percentile.name).append("_").append(unit);
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

std::optional<double> per_second(std::uint64_t count, Duration time) noexcept {
  if (time <= Duration{0}) return std::nullopt;
  return static_cast<double>(count) / std::chrono::duration<double>(time).count();
}

std::string format_figure(std::optional<double> figure) {
  if (!figure) return kNoFigure;
  if (*figure > 0 && *figure < 99.95) return format_decimal(*figure, 1);
  return format_number(whole_of(*figure));
}

std::string format_byte_rate(std::optional<double> bytes_per_second) {
  return bytes_per_second ? format_bytes(whole_of(*bytes_per_second)) + "/s" : kNoFigure;
}

std::string format_percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return kNoFigure;
  if (part == 0) return "0%";
  if (part == whole) return "100%";
  const double percent = 100 * static_cast<double>(part) / static_cast<double>(whole);
  std::string text = format_decimal(std::clamp(percent, 0.1, 99.9), 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text + "%";
}

std::string format_latency(const Histogram& histogram, Duration latency) {
  return histogram.count() > 0 ? format_latency(latency) : kNoFigure;
}

std::string format_wall_time(WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto part = std::chrono::floor<std::chrono::milliseconds>(time - second).count();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(second);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  return std::string(text.data(), length) + "." + std::to_string(1000 + part).substr(1) + "Z";
}

std::optional<WallTime> parse_wall_time(std::string_view text) {
  constexpr std::string_view kPattern = "0000-00-00T00:00:00.000Z";
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto fits = [&](char c, char pattern) {
    return pattern == '0' ? is_digit(c) : c == pattern;
  };
  if (!std::equal(text.begin(), text.end(), kPattern.begin(), kPattern.end(), fits)) {
    return std::nullopt;
  }
  const auto number = [text](std::size_t begin, std::size_t length) {
    return static_cast<int>(*parse_number(text.substr(begin, length)));
  };
  const int year = number(0, 4);
  const auto month = std::chrono::month{static_cast<unsigned>(number(5, 2))};
  const auto day = std::chrono::day{static_cast<unsigned>(number(8, 2))};
  const std::chrono::year_month_day date{std::chrono::year{year}, month, day};
  const std::chrono::hours hours{number(11, 2)};
  const std::chrono::minutes minutes{number(14, 2)};
  const std::chrono::seconds seconds{number(17, 2)};
  const bool is_time = year >= 1970 && year < 2200 && date.ok() && hours.count() < 24 &&
                       minutes.count() < 60 && seconds.count() < 60;
  if (!is_time) return std::nullopt;
  return std::chrono::sys_days{date} + hours + minutes + seconds +
         std::chrono::milliseconds{number(20, 3)};
}

}  // namespace echo
