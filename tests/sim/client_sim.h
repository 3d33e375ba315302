#pragma once

#include <cstdint>
#include <string>

namespace echo::sim {

// Runs a Client on a simulated kernel. The seed decides whether the servers echo or misbehave.
// Returns the violation and the last calls; empty if there was none.
std::string simulate_client(std::uint64_t seed);

// Does the same with a Load.
std::string simulate_load(std::uint64_t seed);

}  // namespace echo::sim
