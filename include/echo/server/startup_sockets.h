#pragma once

#include <vector>

#include "echo/os/log.h"
#include "echo/os/unique_fd.h"
#include "echo/server/handover.h"

namespace echo {

// The sockets that a server has from its start.
struct StartupSockets {
  std::vector<UniqueFd> listeners;  // TCP listeners that the service manager has opened.
  HandoverReader handover;          // From the previous server.
};

// Takes the TCP listeners and the handover that the service manager passes. Closes each descriptor
// of another kind with a warning that names it; throws UsageError instead if there is no TCP
// listener. Call it only once.
StartupSockets take_startup_sockets(Log& log);

}  // namespace echo
