#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace echo::bench {

// What the clients of a server do.
struct Work {
  std::string name;
  std::size_t busy;        // So many connections have messages in flight at all times,
  std::size_t idle;        // and so many are silent.
  std::size_t bytes;       // Of a message.
  std::size_t depth = 1;   // Messages that a busy connection has in flight.
  std::size_t rotate = 0;  // After so many, it hands on to the next silent one; 0: never.
  bool churn = false;      // A connection has one message, and then the next connection comes.

  std::size_t connections() const noexcept { return busy + idle; }
};

// All there are, in the order of the tables.
std::vector<Work> works();

// Those of them whose name has the text in it, which comes from --only. Throws UsageError where
// there is none.
std::vector<Work> chosen_of(std::vector<Work> all, const std::string& text);

}  // namespace echo::bench
