#pragma once

#include <chrono>

namespace echo::test {

// The longest wait of a test for an event. Even on a busy machine only a hang takes this long.
inline constexpr std::chrono::seconds kPatience{60};
inline constexpr int kPatienceInMs = std::chrono::milliseconds(kPatience).count();

}  // namespace echo::test
