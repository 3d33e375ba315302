#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/cores.h"
#include "bench/work.h"
#include "echo/base/time.h"

namespace echo::bench {

// A server under test. It prints a line to standard error that ends in `port N`.
struct Contestant {
  std::string name;
  std::vector<std::string> command;
};

// The results of one measurement. In a churn, a message is a connection with one message.
struct Figures {
  double cpu_us;  // CPU time of the server per message.
  double messages_per_s;
  double p50_us;  // Percentiles of the latency.
  double p99_us;
  double p999_us;
  double memory_per_connection;  // Resident bytes.
};

// Starts the server and runs the workload for `time`. Throws std::exception if the server fails.
Figures measure(const Contestant& contestant, const Work& work, Duration time,
                const std::optional<Cores>& cores);

}  // namespace echo::bench
