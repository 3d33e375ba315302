#pragma once

#include <string>
#include <vector>

#include "echo/os/log.h"
#include "echo/os/unique_fd.h"

namespace echo {

struct PassedDescriptor {
  UniqueFd fd;
  std::string name;  // "unknown" if the service manager gives it none.
};

// Takes the descriptors that the service manager has passed to this process, from number 3 on
// (sd_listen_fds(3): LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES), and has them closed on exec. A
// variable that is malformed or false is a warning. To be called once.
std::vector<PassedDescriptor> take_passed_descriptors(Log& log);

}  // namespace echo
