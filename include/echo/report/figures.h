#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/load/histogram.h"

namespace echo {

// The percentiles of reports. A sample is too short for the last one.
struct Percentile {
  std::string_view name;
  unsigned per_ten_thousand;
};
constexpr std::array<Percentile, 5> kPercentiles{{{"p50", Histogram::kMedian},
                                                  {"p90", Histogram::kP90},
                                                  {"p99", Histogram::kP99},
                                                  {"p99.9", Histogram::kP999},
                                                  {"p99.99", Histogram::kP9999}}};
constexpr std::span<const Percentile> kSamplePercentiles = std::span(kPercentiles).first(4);

// "p99_9_ns": a name of letters, digits and underscores.
std::string field_name(const Percentile& percentile, std::string_view unit);

// Figures of results. If nothing was measured there is no figure: nullopt, and a dash for people.

// Nullopt if no time has passed.
std::optional<double> per_second(std::uint64_t count, Duration time) noexcept;

// "0.5", "1,234", "-": to read, with a decimal below 100.
std::string format_figure(std::optional<double> figure);

// "7.5 MiB/s", "-".
std::string format_byte_rate(std::optional<double> bytes_per_second);

// "0%", "33.3%", "100%": to read. Only none is 0% and only all is 100%, however it is rounded.
// "-" if the whole is nothing.
std::string format_percent(std::uint64_t part, std::uint64_t whole);

// A latency that the histogram has: format_latency(), or "-" if nothing was recorded.
std::string format_latency(const Histogram& histogram, Duration latency);

using WallTime = std::chrono::system_clock::time_point;

// "2026-11-24T09:12:44.318Z": UTC, as ISO 8601 has it.
std::string format_wall_time(WallTime time);

}  // namespace echo
