#pragma once

#include <string>

#include "bench/results.h"

namespace echo::bench {

// The machine and what is compared, in a few lines.
std::string describe_setting();

// A Markdown table for each metric. That of the latencies has the servers up to the reference.
std::string tables(const Results& results);

// All medians, one line for each work and server.
std::string csv(const Results& results);

}  // namespace echo::bench
