#pragma once

#include <cstdint>
#include <string>

namespace echo::sim {

// Simulates each seed of the command line. The test fails at the first violation, which `simulate`
// describes; empty if there is none.
void run_seeds(std::string (*simulate)(std::uint64_t seed));

// The main() of a simulation. Runs all tests with GoogleTest's options and these: --seed S for one
// seed, --seeds N for N seeds from S on (default: 1). Without both, `default_count` seeds from 1
// on. A seed that crashes or hangs is reported.
int run_simulation(int argc, char** argv, std::uint64_t default_count);

}  // namespace echo::sim
