#pragma once

#include <vector>

#include "echo/handover.h"
#include "echo/log.h"
#include "echo/unique_fd.h"

namespace echo {

// The name by which the service manager keeps what one server hands to the next.
constexpr const char* kHandoverName = "handover";

// What a server finds when it starts.
struct Inheritance {
  std::vector<UniqueFd> sockets;  // TCP listeners that the service manager has opened for it.
  TakenOver before;               // What the server before it has handed over.
};

// Takes what the service manager passes. A descriptor that is neither is refused, by a warning with
// its name; where none of those that were passed is a TCP listener, throws UsageError.
// To be called once.
Inheritance take_inheritance(Log& log);

}  // namespace echo
