#pragma once

#include <string>
#include <vector>

#include "echo/os/log.h"
#include "echo/os/unique_fd.h"

namespace echo {

struct PassedDescriptor {
  UniqueFd fd;
  std::string name;  // "unknown" if the service manager passes no name.
};

// Takes the descriptors that the service manager has passed to this process, from number 3 on, and
// sets close-on-exec on them (sd_listen_fds(3): LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES). Logs a
// warning for a malformed or false variable. Call it only once.
std::vector<PassedDescriptor> take_passed_descriptors(Log& log);

}  // namespace echo
