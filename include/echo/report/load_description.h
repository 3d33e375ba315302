#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/parse.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"

namespace echo {

// Descriptions of a load for the head of its results.

// "localhost port 10000" in ASCII, at most 80 columns wide. A longer name is truncated.
std::string describe_target(const LoadSettings& settings);

// "from 192.0.2.1, through eth0, DSCP 46", or an empty text.
std::string describe_origin(const LoadSettings& settings);

// What the load counts, in the singular: "message", or "attempt" if it only connects.
std::string_view noun_of(const LoadSettings& settings);

// "64 bytes", "1 to 1,024 bytes".
std::string describe_sizes(SizeRange sizes);

// "100 connections, messages of 64 bytes, 1 in flight per connection, for 10s", in lines of at most
// `columns`. For the load of several processes, their number precedes: "2 runs, 100 connections".
std::vector<std::string> describe_load(const LoadSettings& settings, std::size_t columns,
                                       std::optional<std::uint64_t> runs = std::nullopt);

// "connecting, 3 of 10 open" or "warming up"; empty once the load measures.
std::string describe_wait(const LoadSettings& settings, const LoadResults& results);

}  // namespace echo
