#pragma once

#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/load/load_settings.h"
#include "echo/report/presentation.h"
#include "echo/report/timeline.h"

namespace echo {

// Returns a picture of a load over time as a self-contained SVG document. The upper panel shows the
// percentiles of the latency on a logarithmic axis, the lower panel the messages per second, or the
// connections per second of a load that only connects. Times without a received message are gaps in
// the lines; times with errors are marked. Equal lines are all visible, and no line needs its
// colour to be recognised. The document is valid XML for any host name.
//
// Below are the command line and the program of the presentation, and `began`, the time of day at
// the beginning of the time axis. The picture grows with the lines of the command line; only what
// does not fit into eight lines is left out.
std::string format_picture(const LoadSettings& settings, const Presentation& presentation,
                           WallTime began, const std::vector<Timeline::Point>& points);

}  // namespace echo
