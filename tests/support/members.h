#pragma once

#include <vector>

#include "echo/os/fd_set.h"

namespace echo::test {

// What EXPECT_EQ can compare and print.
using Fds = std::vector<int>;

inline Fds members(const FdSet& set) { return {set.begin(), set.end()}; }

}  // namespace echo::test
