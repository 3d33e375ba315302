#pragma once

#include <chrono>

#include "echo/base/time.h"

namespace echo::test {

// Where the time of a test begins that has a clock of its own: not at 0, so that there is an
// earlier one.
inline constexpr Time kStart{std::chrono::seconds(1000)};

}  // namespace echo::test
