#pragma once

#include <string>

#include "echo/base/time.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"

namespace echo {

// The results of a load as text that parsers of OpenMetrics 1.0 and of the Prometheus text format
// (0.0.4) read alike: gauges, summaries, base units, and the labels `host` and `port`. The text is
// ASCII; other bytes of the host are escaped.
//
// A figure without a measurement is left out. Then absent() finds it, comparisons have no result,
// and an average over hosts excludes it; a NaN would spoil the average.

// `ended` is the time of day at the end of the load.
std::string format_openmetrics(const LoadSettings& settings, const LoadResults& results,
                               WallTime ended);

// Returns the metrics that replace the report if the load fails with an error: that the echo was
// not exact, and when.
std::string format_openmetrics_error(const LoadSettings& settings, WallTime ended);

}  // namespace echo
