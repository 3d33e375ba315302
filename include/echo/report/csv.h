#pragma once

#include <string>

#include "echo/load/load_results.h"
#include "echo/report/figures.h"

namespace echo {

// The samples of a load as comma-separated values (RFC 4180, but with "\n" as line end). Decimal
// numbers have a point in every locale. The suffix of a column name gives the unit of times; the
// column `time` is in the format of format_wall_time(). A field is empty if nothing was measured.

// Returns the line with the column names.
std::string csv_header();

// Returns the line of a sample that ended at `ended`.
std::string csv_row(const Sample& sample, WallTime ended);

}  // namespace echo
