#include "echo/report/axis.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "echo/base/format.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

std::vector<Duration> latencies_within(Duration least, Duration most,
                                       std::initializer_list<int> in_each_decade) {
  std::vector<Duration> latencies;
  for (Duration decade{1};; decade *= 10) {
    for (const int factor : in_each_decade) {
      const Duration latency = decade * factor;
      if (latency <= least) latencies.clear();
      latencies.push_back(latency);
      if (latency >= most && latencies.size() > 1) return latencies;
    }
  }
}

}  // namespace

std::vector<Duration> latency_labels(Duration least, Duration most) {
  constexpr std::size_t kMax = 10;
  const std::vector<Duration> fine = latencies_within(least, most, {1, 2, 5});
  return fine.size() <= kMax ? fine : latencies_within(least, most, {1});
}

double figure_step(double most) {
  const double least = most / 5;
  const double decade = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1, 2, 5}) {
    if (factor * decade >= least) return factor * decade;
  }
  return 10 * decade;
}

Duration time_step(Duration span) {
  static constexpr std::array<Duration, 12> kSteps{10s,   20s,   30s,   1min, 2min, 5min,
                                                   10min, 20min, 30min, 1h,   2h,   6h};
  constexpr Duration::rep kMax = 10;
  for (Duration decade{1}; decade < kSteps.front(); decade *= 10) {
    for (const int factor : {1, 2, 5}) {
      if (span / (decade * factor) <= kMax) return decade * factor;
    }
  }
  for (const Duration step : kSteps) {
    if (span / step <= kMax) return step;
  }
  Duration step = 12h;
  while (span / step > kMax) step *= 2;
  return step;
}

std::string time_label(Duration time, Duration span) {
  static constexpr std::array<std::pair<std::string_view, Duration>, 4> kUnits{
      {{" ns", 1ns}, {" us", 1us}, {" ms", 1ms}, {" s", 1s}}};
  if (span >= 1min) return format_duration(time);
  std::size_t index = 0;
  while (index + 1 < kUnits.size() && kUnits[index + 1].second <= span) ++index;
  const auto& [name, unit] = kUnits[index];
  // No step is less than a tenth of the unit.
  const int decimals = time_step(span) < unit ? 1 : 0;
  return format_decimal(static_cast<double>(time.count()) / static_cast<double>(unit.count()),
                        decimals)
      .append(name);
}

}  // namespace echo
