#pragma once

#include <vector>

#include "echo/os/log.h"
#include "echo/os/unique_fd.h"
#include "echo/server/handover.h"

namespace echo {

// The sockets that a server finds when it starts.
struct StartupSockets {
  std::vector<UniqueFd> listeners;  // TCP listeners that the service manager has opened for it.
  HandoverReader handover;          // From the server before it.
};

// Takes the descriptors that the service manager passes. One of another kind is refused, by a
// warning with its name; throws UsageError if one is refused and none is a TCP listener. To be
// called once.
StartupSockets take_startup_sockets(Log& log);

}  // namespace echo
