#include <gtest/gtest.h>

#include <csignal>

#include "sim/client_sim.h"
#include "sim/seeds.h"
#include "sim/server_sim.h"

namespace echo::sim {
namespace {

TEST(Simulation, ServerLosesNoByteAndNoClient) { run_seeds(&simulate_server); }

TEST(Simulation, ClientReportsExactlyTheFaults) { run_seeds(&simulate_client); }

TEST(Simulation, LoadReportsExactlyTheFaults) { run_seeds(&simulate_load); }

}  // namespace
}  // namespace echo::sim

int main(int argc, char** argv) {
  // A server keeps SIGHUP ignored if it was ignored at the start (nohup).
  std::signal(SIGHUP, SIG_DFL);  // NOLINT(cert-err33-c): SIGHUP is valid
  return echo::sim::run_simulation(argc, argv, 1000);
}
