#pragma once

#include <string>
#include <string_view>

#include "echo/load_results.h"

namespace echo {

// The samples of a load as comma-separated values (RFC 4180, but with "\n"), for programs: numbers
// with a point whatever the locale, times in the unit that their column's name ends with.

// The names of the columns.
std::string_view csv_header();

// A sample. Its latencies are empty where nothing was received.
std::string csv_row(const Sample& sample);

}  // namespace echo
