#pragma once

#include <string>

#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"

namespace echo {

// What a load has found, for people: lines of at most 80 columns, each with its end.
std::string format_report(const LoadSettings& settings, const LoadResults& results);

// The last lines of ping mode, in the manner of ping(8). Whole names of hosts, however long.
//
//   --- localhost port 10000 echo statistics ---
//   4 messages sent, 4 received, 0% lost, time 3004 ms
//   rtt min/avg/max/mdev = 0.045/0.056/0.078/0.012 ms
std::string format_ping_summary(const LoadSettings& settings, const LoadResults& results);

// One line, without its end, of how far a load is:
//
//   12.0 s: 4 messages sent, 3 received, 1 lost, 1 error, latency p50 45.1 us, max 78.0 us
//
// Before the load measures, the line begins with what it waits for: "connecting, 3 of 10 open".
std::string format_status(const LoadSettings& settings, const LoadResults& results);

}  // namespace echo
