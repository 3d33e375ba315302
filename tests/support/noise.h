#pragma once

#include <cstdint>

namespace echo::test {

// A byte of one of many endless texts. All texts differ, and none repeats itself nearby, so lost,
// repeated and misplaced bytes show.
constexpr char noise(std::uint64_t text, std::uint64_t offset) {
  std::uint64_t mixed = (text + 1) * 0x9E3779B97F4A7C15 + offset * 0xBF58476D1CE4E5B9;
  mixed ^= mixed >> 29;
  mixed *= 0x94D049BB133111EB;
  return static_cast<char>(mixed >> 56);
}

}  // namespace echo::test
