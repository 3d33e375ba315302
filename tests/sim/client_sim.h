#pragma once

#include <cstdint>
#include <string>

namespace echo::sim {

// Runs a Client on a simulated kernel against servers that echo, or do what no echo server should,
// as the seed has it. Returns what went wrong and the last calls; empty where nothing did.
std::string simulate_client(std::uint64_t seed);

// The same with a Load.
std::string simulate_load(std::uint64_t seed);

}  // namespace echo::sim
