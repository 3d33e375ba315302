#pragma once

#include <cstddef>
#include <optional>

namespace echo::bench {

// Two of the cores that this process may use.
struct Cores {
  std::size_t load;
  std::size_t server;
};

// Nullopt if there is only one core.
std::optional<Cores> choose_cores();

// Pins this process, and processes that it starts later, to the core. Throws std::system_error.
void stay_on(std::size_t core);

}  // namespace echo::bench
