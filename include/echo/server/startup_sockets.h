#pragma once

#include <vector>

#include "echo/os/log.h"
#include "echo/os/unique_fd.h"
#include "echo/server/handover.h"

namespace echo {

// The name by which the service manager keeps what one server hands to the next.
constexpr const char* kHandoverName = "handover";

// What a server finds when it starts.
struct StartupSockets {
  std::vector<UniqueFd> sockets;  // TCP listeners that the service manager has opened for it.
  HandoverReader before;          // What the server before it has handed over.
};

// Takes what the service manager passes. A descriptor that is neither is refused, by a warning with
// its name; where none of those that were passed is a TCP listener, throws UsageError.
// To be called once.
StartupSockets take_startup_sockets(Log& log);

}  // namespace echo
