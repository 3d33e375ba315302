#pragma once

#include <cstdint>
#include <string>

namespace echo::sim {

// Runs a Server on a simulated kernel, from its start to its stop, as the seed has it. Returns what
// went wrong and the last calls; empty where nothing did.
std::string simulate_server(std::uint64_t seed);

}  // namespace echo::sim
