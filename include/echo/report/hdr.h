#pragma once

#include <string>

#include "echo/load/histogram.h"

namespace echo {

// Returns the percentiles of the latencies in the text format of HdrHistogram's
// outputPercentileDistribution(), which wrk2 prints too, for the programs that plot it.
//
// Values are in milliseconds, exact to the nanosecond. Each half of the distance to 100% has five
// lines: 0%, 10%, ..., 50%, 55%, ..., 75%, 77.5%, ... The value of a line is the one of the
// Histogram's bucket in which the percentile lies, and the total count includes that bucket. As in
// HdrHistogram, the last bucket has one line before the one of 100%. If nothing was recorded, the
// distribution has only that one, with the count 0.
std::string format_hdr(const Histogram& histogram);

}  // namespace echo
