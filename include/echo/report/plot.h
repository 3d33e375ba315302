#pragma once

#include <string>

#include "echo/load/histogram.h"

namespace echo {

// What a plot is drawn with.
enum class Charset { kAscii, kUnicode };

// That of the environment's locale (LC_ALL, LC_CTYPE, LANG). The process's own is left as it is.
Charset charset_of_locale();

// The distribution as bars, for a terminal of 80 columns: a line for each range of latencies, each
// of which grows by the same factor: 12 to 24 lines if the values are far enough apart. The first
// begins with the least value, and the last ends with the greatest. A bucket counts in the range in
// which it begins. Empty if nothing was recorded.
std::string plot_latency(const Histogram& histogram, Charset charset);

}  // namespace echo
