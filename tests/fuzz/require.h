#pragma once

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace echo::fuzz {

// What a target was promised. Where it does not hold the process aborts, so that the input that
// broke it is kept.
inline void require(bool holds, std::string_view promise) {
  if (holds) return;
  std::cerr << "broken: " << promise << '\n';
  std::abort();
}

}  // namespace echo::fuzz
