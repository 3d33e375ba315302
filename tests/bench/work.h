#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace echo::bench {

// A workload: what the clients of a server do.
struct Work {
  std::string name;
  std::size_t busy;        // Connections that always have messages in flight.
  std::size_t idle;        // Connections that send nothing.
  std::size_t bytes;       // Bytes per message.
  std::size_t depth = 1;   // Messages in flight per busy connection.
  std::size_t rotate = 0;  // A busy connection becomes idle after this many messages,
                           // and the next idle one becomes busy; 0: never.
  bool churn = false;      // A new connection for each message.

  std::size_t connections() const noexcept { return busy + idle; }
};

// All workloads, in the order of the tables.
std::vector<Work> works();

// The workloads whose name contains the text, the value of --only. Throws UsageError if there is
// none.
std::vector<Work> chosen_of(std::vector<Work> all, const std::string& text);

}  // namespace echo::bench
