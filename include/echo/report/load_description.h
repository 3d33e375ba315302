#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"

namespace echo {

// What a load does, in words, for the head of its results.

// "localhost port 10000", in no more than 80 columns: without control characters, in valid UTF-8,
// and not the whole of a name that is too long.
std::string describe_target(const LoadSettings& settings);

// "100 connections, messages of 64 bytes, 1 in flight on each, for 10s", in lines of at most so
// many columns.
std::vector<std::string> describe_load(const LoadSettings& settings, std::size_t columns);

// What the load waits for before it measures: "connecting, 3 of 10 open" or "warming up"; empty
// when it does.
std::string describe_wait(const LoadSettings& settings, const LoadResults& results);

}  // namespace echo
