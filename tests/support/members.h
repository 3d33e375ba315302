#pragma once

#include <vector>

#include "echo/os/fd_set.h"

namespace echo::test {

// A type that EXPECT_EQ can compare and print.
using Fds = std::vector<int>;

inline Fds members(const FdSet& set) {
  Fds fds;
  for (const int fd : set) fds.push_back(fd);
  return fds;
}

}  // namespace echo::test
