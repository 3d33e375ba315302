#include "bench/measure.h"

#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "bench/load.h"
#include "echo/os/endpoint.h"
#include "support/program.h"

namespace echo::bench {
namespace {

using namespace std::chrono_literals;
using test::Program;

constexpr Duration kWarmUp = 150ms;

// Below the backlog of every server, so that no connection request is dropped.
constexpr std::size_t kBatch = 500;

using Microseconds = std::chrono::duration<double, std::micro>;

// Children inherit the core.
Program start(const Contestant& contestant, const std::optional<Cores>& cores) {
  if (cores) stay_on(cores->server);
  const std::vector<std::string>& command = contestant.command;
  return {command.front(), {command.begin() + 1, command.end()}};
}

Endpoint endpoint_of(Program& server) {
  const std::string line = server.wait_for_line(" port ");
  const auto port = static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(' '))));
  return resolve("127.0.0.1", port).front();
}

bool has_ended(const Program& server) {
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(server.pid()), &ended, WEXITED | WNOHANG | WNOWAIT);
  return ended.si_pid != 0;
}

// CPU time of all threads of the server.
Duration cpu_time(const Program& server) {
  const auto tasks = std::filesystem::path("/proc") / std::to_string(server.pid()) / "task";
  Duration total{0};
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    Duration::rep running = 0;
    std::ifstream(task.path() / "schedstat") >> running;
    total += Duration(running);
  }
  return total;
}

void connect_all(Load& load, const Work& work, const Program& server) {
  const std::size_t descriptors = server.open_descriptors();
  for (std::size_t connected = 0; connected < work.connections();) {
    connected = load.connect_some(kBatch);
    test::wait_until([&] {
      if (has_ended(server)) throw std::runtime_error("the server has ended");
      return server.open_descriptors() >= descriptors + connected;
    });
  }
}

// Reorders the latencies.
double percentile_us(std::vector<Duration>& latencies, double share) {
  const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(latencies.size()));
  const auto nth = latencies.begin() + rank;
  std::nth_element(latencies.begin(), nth, latencies.end());
  return Microseconds(*nth).count();
}

Figures drive(Load& load, const Work& work, Duration time, const Program& server) {
  const std::size_t memory_before = server.resident_memory();
  connect_all(load, work, server);
  load.run_until(work.busy);
  const std::size_t memory = server.resident_memory();
  load.run_for(kWarmUp);

  load.forget();
  const Duration cpu_before = cpu_time(server);
  const Time start = Clock::now();
  load.run_for(time);
  const Duration cpu = cpu_time(server) - cpu_before;
  const std::chrono::duration<double> lasted = Clock::now() - start;
  load.check_idle();

  if (load.messages() == 0) throw std::runtime_error("no message came back in time");
  const auto messages = static_cast<double>(load.messages());
  std::vector<Duration> latencies = load.latencies();
  return {
      .cpu_us = Microseconds(cpu).count() / messages,
      .messages_per_s = messages / lasted.count(),
      .p50_us = percentile_us(latencies, 0.5),
      .p99_us = percentile_us(latencies, 0.99),
      .p999_us = percentile_us(latencies, 0.999),
      .memory_per_connection = (static_cast<double>(memory) - static_cast<double>(memory_before)) /
                               static_cast<double>(work.connections())};
}

}  // namespace

Figures measure(const Contestant& contestant, const Work& work, Duration time,
                const std::optional<Cores>& cores) {
  Program server = start(contestant, cores);
  if (cores) stay_on(cores->load);
  Load load(work, endpoint_of(server));
  return drive(load, work, time, server);
}

}  // namespace echo::bench
