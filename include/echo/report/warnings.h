#pragma once

#include <string>
#include <vector>

#include "echo/load/load_results.h"

namespace echo {

// Returns the reasons why the figures may show the limits of the client instead of the server, one
// line per reason:
//
// - the client used at least 90 % of a processor,
// - it waited for a processor for more than 10 % of the time, not counting 10 us per turn,
// - it sent more than 1 % of the messages of a rate late,
// - it did not look at its sockets for some time, because it was stopped, looked up a name, or
//   waited for a reader of its output.
//
// For the results of earlier runs, these are the reasons that each of them has had.
std::vector<std::string> warnings_of(const LoadResults& results);

}  // namespace echo
