#pragma once

#include <cstddef>
#include <optional>

namespace echo::bench {

// A core for the load and one for the server, of those that this process may use.
struct Cores {
  std::size_t load;
  std::size_t server;
};

// None where there is only one core.
std::optional<Cores> choose_cores();

// Keeps this process, and those that it starts from now on, on that core.
void stay_on(std::size_t core);

}  // namespace echo::bench
