#include "echo/os/unique_fd.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace echo {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int UniqueFd::release() noexcept { return std::exchange(fd_, -1); }

void UniqueFd::reset() noexcept {
  if (fd_ < 0) return;
  const int saved_errno = errno;
  // Not repeated on EINTR: Linux has freed the descriptor by then, and another file may have its
  // number (close(2), "Dealing with error returns").
  ::close(release());
  errno = saved_errno;
}

}  // namespace echo
