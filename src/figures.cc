#include "echo/figures.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace echo {
namespace {

std::uint64_t whole_of(double figure) {
  constexpr double kMost = 1e18;  // Far from where a conversion would overflow.
  return static_cast<std::uint64_t>(std::llround(std::min(figure, kMost)));
}

}  // namespace

double per_second(std::uint64_t count, Duration time) noexcept {
  if (time <= Duration{0}) return 0;
  return static_cast<double>(count) / std::chrono::duration<double>(time).count();
}

std::string format_figure(double figure) {
  return figure > 0 && figure < 99.95 ? format_decimal(figure, 1) : format_number(whole_of(figure));
}

std::string format_byte_rate(double bytes_per_second) {
  return format_bytes(whole_of(bytes_per_second)) + "/s";
}

std::string format_percent(std::uint64_t part, std::uint64_t whole) {
  if (part == 0) return "0%";
  if (part == whole) return "100%";
  const double percent = 100 * static_cast<double>(part) / static_cast<double>(whole);
  std::string text = format_decimal(std::clamp(percent, 0.1, 99.9), 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text + "%";
}

}  // namespace echo
