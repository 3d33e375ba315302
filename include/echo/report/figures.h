#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/load/histogram.h"

namespace echo {

// Figures of results, for all forms of them. Where nothing was measured there is no figure: nothing
// here, and a dash for people.

// Nothing if no time has passed.
std::optional<double> per_second(std::uint64_t count, Duration time) noexcept;

// "0.5", "1,234", "-": to read, with a decimal below 100.
std::string format_figure(std::optional<double> figure);

// "7.5 MiB/s", "-".
std::string format_byte_rate(std::optional<double> bytes_per_second);

// "0%", "33.3%", "100%": to read. Only nothing is 0%, and only all is 100%, whatever is rounded.
// "-" of nothing.
std::string format_percent(std::uint64_t part, std::uint64_t whole);

// A latency that the histogram has: format_latency(), or "-" if nothing was recorded.
std::string format_latency(const Histogram& histogram, Duration latency);

using WallTime = std::chrono::system_clock::time_point;

// "2026-11-24T09:12:44.318Z": UTC, as ISO 8601 has it.
std::string format_wall_time(WallTime time);

}  // namespace echo
