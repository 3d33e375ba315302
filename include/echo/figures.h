#pragma once

#include <cstdint>
#include <string>

#include "echo/units.h"

namespace echo {

// What results are told in, wherever they are told.

// 0 where no time has passed.
double per_second(std::uint64_t count, Duration time) noexcept;

// "0.5", "1,234": to read, with a decimal below 100.
std::string format_figure(double figure);

// "7.5 MiB/s".
std::string format_byte_rate(double bytes_per_second);

// "0%", "33.3%", "100%": to read. Only nothing is 0%, and only all is 100%, whatever is rounded.
// 0% of nothing.
std::string format_percent(std::uint64_t part, std::uint64_t whole);

}  // namespace echo
