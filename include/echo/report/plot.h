#pragma once

#include <string>

#include "echo/load/histogram.h"

namespace echo {

// The characters to draw a plot with.
enum class Charset { kAscii, kUnicode };

// Returns the charset of the locale in the environment (LC_ALL, LC_CTYPE, LANG). Does not change
// the locale of the process.
Charset charset_of_locale();

// Returns the distribution as a bar chart of 80 columns, with one line per range of latencies. The
// ranges have equal widths on a logarithmic axis. There are 12 to 24 lines if the values are far
// enough apart. The first range starts at the minimum, the last one ends at the maximum. A bucket
// of the histogram counts in the range that contains its lower end. The result is empty if nothing
// was recorded.
std::string plot_latency(const Histogram& histogram, Charset charset);

}  // namespace echo
