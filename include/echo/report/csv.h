#pragma once

#include <string>

#include "echo/load/load_results.h"
#include "echo/report/figures.h"

namespace echo {

// The samples of a load as comma-separated values (RFC 4180, but with "\n"), for programs: numbers
// with a point whatever the locale, times in the unit that their column's name ends with, or as
// format_wall_time() has them. A figure is empty if nothing
// was measured.

// The names of the columns.
std::string csv_header();

// A sample, and when it ended.
std::string csv_row(const Sample& sample, WallTime ended);

}  // namespace echo
