#include "echo/report/axis.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <initializer_list>

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
  static constexpr std::array<Duration, 24> kSteps{
      1ms, 2ms, 5ms, 10ms, 20ms, 50ms, 100ms, 200ms, 500ms, 1s, 2s, 5s,
      10s, 20s, 30s, 1min, 2min, 5min, 10min, 20min, 30min, 1h, 2h, 6h};
  constexpr Duration::rep kMax = 10;
  for (const Duration step : kSteps) {
    if (span / step <= kMax) return step;
  }
  Duration step = 12h;
  while (span / step > kMax) step *= 2;
  return step;
}

}  // namespace echo
