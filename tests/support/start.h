#pragma once

#include <chrono>

#include "echo/units.h"

namespace echo::testing {

// The time at which a test begins that tells the time itself; there is some before it.
inline constexpr Time kStart{std::chrono::seconds(1000)};

}  // namespace echo::testing
