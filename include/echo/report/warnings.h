#pragma once

#include <string>
#include <vector>

#include "echo/load/load_results.h"

namespace echo {

// Why the figures of a load may be the client's own rather than the server's; a line for each
// reason, and none for a load whose client had what it needed:
//
// - it used nearly the whole of a processor,
// - it waited for one for more than a tenth of the time, beyond 10 us at each turn,
// - it sent more than a hundredth of the messages of a rate late,
// - it did not look at its sockets for a while: it was stopped, looked up a name, or waited for a
//   reader of its lines.
std::vector<std::string> warnings_of(const LoadResults& results);

}  // namespace echo
