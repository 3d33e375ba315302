#pragma once

#include <string>

#include "echo/load_results.h"
#include "echo/load_settings.h"

namespace echo {

// What a load has found, for programs: one object of JSON (RFC 8259), with "\n" at its end.
//
// Times are integers, of nanoseconds. A setting that sets no limit is null. A latency has its
// histogram: [from_ns, to_ns, count] for each range of values, both ends included, in which there
// are any. What a host or a server has sent is escaped, and valid UTF-8. Members may be added
// within a version; none changes its meaning or goes.
std::string format_json(const LoadSettings& settings, const LoadResults& results);

}  // namespace echo
