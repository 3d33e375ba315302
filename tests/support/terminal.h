#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "echo/os/unique_fd.h"

namespace echo::test {

// A pseudo-terminal: a program writes to `terminal`, and its user reads from `user`. `terminal` is
// empty if none is available.
struct Terminal {
  Terminal() {
    user = UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    std::array<char, 64> buffer{};
    if (!user || ::grantpt(user.get()) != 0 || ::unlockpt(user.get()) != 0 ||
        ::ptsname_r(user.get(), buffer.data(), buffer.size()) != 0) {
      return;
    }
    name = buffer.data();
    terminal = UniqueFd(::open(buffer.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }

  std::string name;  // A path, for a program that opens the terminal.
  UniqueFd user;
  UniqueFd terminal;
};

}  // namespace echo::test
