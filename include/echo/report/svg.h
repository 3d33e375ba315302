#pragma once

#include <string>
#include <vector>

#include "echo/load/load_settings.h"
#include "echo/report/timeline.h"

namespace echo {

// A picture of a load over time, as an SVG document that needs nothing else: above the percentiles
// of the latency, on a logarithmic axis, below the messages a second. A line has gaps for the
// times when nothing was received; times with errors are marked. Valid XML, whatever the host's
// name holds.
std::string format_svg(const LoadSettings& settings, const std::vector<Timeline::Point>& points);

}  // namespace echo
