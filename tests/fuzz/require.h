#pragma once

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace echo::fuzz {

// Checks a promise of the code under test. Aborts if it is broken, so that libFuzzer keeps the
// input.
inline void require(bool holds, std::string_view promise) {
  if (holds) return;
  std::cerr << "broken: " << promise << '\n';
  std::abort();
}

}  // namespace echo::fuzz
