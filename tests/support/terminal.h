#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "echo/os/unique_fd.h"

namespace echo::test {

// A pseudo-terminal: a program writes to `terminal`, and its user reads from `user`. `terminal` is
// empty if none is available.
struct Terminal {
  Terminal() {
    user = UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    std::array<char, 64> name{};
    if (!user || ::grantpt(user.get()) != 0 || ::unlockpt(user.get()) != 0 ||
        ::ptsname_r(user.get(), name.data(), name.size()) != 0) {
      return;
    }
    terminal = UniqueFd(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }

  UniqueFd user;
  UniqueFd terminal;
};

}  // namespace echo::test
