#pragma once

#include <chrono>

namespace echo::test {

// How long a test waits for what is to happen soon. Only where something hangs does it take so
// long, however busy the machine is.
inline constexpr std::chrono::seconds kPatience{60};
inline constexpr int kPatienceInMs = std::chrono::milliseconds(kPatience).count();

}  // namespace echo::test
