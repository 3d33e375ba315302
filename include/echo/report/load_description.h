#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "echo/base/parse.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"

namespace echo {

// What a load does, in words, for the head of its results.

// "localhost port 10000", in ASCII and at most 80 columns: a long name is cut.
std::string describe_target(const LoadSettings& settings);

// "64 bytes", "1 to 1,024 bytes".
std::string describe_sizes(SizeRange sizes);

// "100 connections, messages of 64 bytes, 1 in flight on each, for 10s", in lines of at most
// `columns`.
std::vector<std::string> describe_load(const LoadSettings& settings, std::size_t columns);

// What the load waits for before it measures: "connecting, 3 of 10 open" or "warming up"; empty
// when it does.
std::string describe_wait(const LoadSettings& settings, const LoadResults& results);

}  // namespace echo
