#pragma once

#include <chrono>

#include "echo/base/time.h"

namespace echo::test {

// The time at which a test's own clock starts. It is not 0, so that earlier times exist.
inline constexpr Time kStart{std::chrono::seconds(1000)};

}  // namespace echo::test
