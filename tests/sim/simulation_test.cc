#include <getopt.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "echo/options.h"
#include "sim/client_sim.h"
#include "sim/server_sim.h"

namespace echo::sim {
namespace {

// Which seeds to run: so many, from the first one on. Few enough for every run of the tests.
struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 1000;
};

Seeds seeds;  // NOLINT(*-non-const-global-variables): the command line is one for the process

void run_all(std::string (*simulate)(std::uint64_t)) {
  for (std::uint64_t seed = seeds.first; seed - seeds.first < seeds.count; ++seed) {
    const std::string complaint = simulate(seed);
    if (!complaint.empty()) FAIL() << "--seed " << seed << ": " << complaint;
  }
}

TEST(Simulation, ServerLosesNothingAndHurtsNobody) { run_all(&simulate_server); }

TEST(Simulation, ClientFindsEveryFaultAndNoOther) { run_all(&simulate_client); }

constexpr option kOptions[] = {
    {"seed", required_argument, nullptr, 's'},
    {"seeds", required_argument, nullptr, 'n'},
    {nullptr, 0, nullptr, 0},
};

void read_command_line(int argc, char** argv) {
  OptionWalk walk(argc, argv, kOptions);
  for (int val = walk.next(); val != -1; val = walk.next()) {
    if (val == 's') {
      seeds = {.first = number_value("--seed", walk.value(), 0, UINT64_MAX), .count = 1};
    } else {
      seeds.count = number_value("--seeds", walk.value(), 1, UINT64_MAX);
    }
  }
}

}  // namespace
}  // namespace echo::sim

// sim_tests [--seed S | --seeds N] and GoogleTest's own options.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  try {
    echo::sim::read_command_line(argc, argv);
  } catch (const echo::UsageError& error) {
    std::cerr << "sim_tests: " << error.what() << '\n';
    return 2;
  }
  return RUN_ALL_TESTS();
}
