#pragma once

#include <vector>

#include "echo/fd_set.h"

namespace echo::testing {

using Fds = std::vector<int>;

inline Fds members(const FdSet& set) { return {set.begin(), set.end()}; }

}  // namespace echo::testing
