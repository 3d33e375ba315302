#pragma once

#include <string>

#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"

namespace echo {

// Returns the results as a table of lines with at most 80 columns, each with a newline.
std::string format_report(const LoadSettings& settings, const LoadResults& results);

// Returns the summary of ping mode in the style of ping(8). Host names are never truncated.
//
//   --- localhost port 10000 echo statistics ---
//   4 messages sent, 4 received, 0% lost, time 3004 ms
//   rtt min/avg/max/mdev = 0.045/0.056/0.078/0.012 ms
std::string format_ping_summary(const LoadSettings& settings, const LoadResults& results);

// Returns a status line without a newline:
//
//   12.0 s: 4 messages sent, 3 received, 1 lost, 1 error, latency p50 45.1 us, max 78.0 us
//
// Before the load measures, the line begins with describe_wait(): "connecting, 3 of 10 open".
std::string format_status(const LoadSettings& settings, const LoadResults& results);

}  // namespace echo
