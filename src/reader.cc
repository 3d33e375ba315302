#include "echo/reader.h"

#include <fcntl.h>
#include <sys/select.h>

#include <cerrno>
#include <string>

#include "echo/fd_set.h"

namespace echo {

UniqueFd reopen_nonblocking(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return UniqueFd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool wait_for_reader(int fd, const sigset_t* wait_mask) {
  FdSet outputs;
  outputs.insert(fd);
  const int ready = ::pselect(fd + 1, nullptr, outputs.native(), nullptr, nullptr, wait_mask);
  return ready >= 0 || errno != EINTR;
}

}  // namespace echo
