#pragma once

#include <cstdint>
#include <string>

namespace echo::sim {

// Runs a Server on a simulated kernel from start to stop, as the seed decides. Returns the
// violation and the last calls; empty if there was none.
std::string simulate_server(std::uint64_t seed);

}  // namespace echo::sim
