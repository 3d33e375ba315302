#pragma once

#include <string>
#include <vector>

#include "echo/os/log.h"
#include "echo/os/unique_fd.h"

namespace echo {

struct PassedDescriptor {
  UniqueFd fd;
  std::string name;  // As the service manager calls it; "unknown" where it does not.
};

// Takes over the descriptors that the service manager has passed to this process, from number 3 on
// (sd_listen_fds(3): LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES). They are closed on exec from then
// on. What is malformed in the environment, or is not so, is a warning. To be called once.
std::vector<PassedDescriptor> take_passed_descriptors(Log& log);

}  // namespace echo
