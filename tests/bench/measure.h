#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/cores.h"
#include "bench/work.h"
#include "echo/base/time.h"

namespace echo::bench {

// A server under test: it prints a line on standard error that ends in `port N`.
struct Contestant {
  std::string name;
  std::vector<std::string> command;
};

// What one measurement finds. A message of a churn is a connection with one message.
struct Figures {
  double cpu_us;  // Of the server, a message.
  double messages_per_s;
  double p50_us;  // Of the latencies.
  double p99_us;
  double p999_us;
  double memory_per_connection;  // Resident, in bytes.
};

// Starts the server afresh and lets it do the work for so long. Throws std::exception where it
// cannot.
Figures measure(const Contestant& contestant, const Work& work, Duration time,
                const std::optional<Cores>& cores);

}  // namespace echo::bench
