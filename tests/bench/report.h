#pragma once

#include <string>

#include "bench/results.h"

namespace echo::bench {

// The time, the machine and the versions of the peers, in three lines.
std::string describe_setting();

// A Markdown table per metric.
std::string tables(const Results& results);

// All medians: one line per workload and server.
std::string csv(const Results& results);

}  // namespace echo::bench
