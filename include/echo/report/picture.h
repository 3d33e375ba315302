#pragma once

#include <string>
#include <vector>

#include "echo/load/load_settings.h"
#include "echo/report/timeline.h"

namespace echo {

// Returns a picture of a load over time as a self-contained SVG document. The upper panel shows the
// percentiles of the latency on a logarithmic axis, the lower panel the messages per second. Times
// without a received message are gaps in the lines; times with errors are marked. The document is
// valid XML for any host name.
std::string format_picture(const LoadSettings& settings,
                           const std::vector<Timeline::Point>& points);

}  // namespace echo
