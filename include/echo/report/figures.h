#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/load/histogram.h"

namespace echo {

// The percentiles in reports. A sample has too few messages for the last one.
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

// Returns a name of letters, digits and underscores, such as "p99_9_ns".
std::string field_name(const Percentile& percentile, std::string_view unit);

// If nothing was measured, a figure is nullopt, and formatted as "-".

// Returns nullopt if no time has passed.
std::optional<double> per_second(std::uint64_t count, Duration time) noexcept;

// Returns the figure for a reader, with one decimal below 100: "0.5", "1,234", "-".
std::string format_figure(std::optional<double> figure);

// Returns "7.5 MiB/s", or "-".
std::string format_byte_rate(std::optional<double> bytes_per_second);

// Returns "0%", "33.3%" or "100%" for a reader. Rounding never yields 0% for a part above 0, nor
// 100% for a part below the whole. Returns "-" if the whole is 0.
std::string format_percent(std::uint64_t part, std::uint64_t whole);

// Returns format_latency() of a value from the histogram, or "-" if nothing was recorded.
std::string format_latency(const Histogram& histogram, Duration latency);

// Returns the time in UTC as in ISO 8601: "2026-11-24T09:12:44.318Z".
std::string format_wall_time(WallTime time);

// Parses such a text. The year must be from 1970 to 2199; otherwise nullopt.
std::optional<WallTime> parse_wall_time(std::string_view text);

}  // namespace echo
