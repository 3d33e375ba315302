#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/load_results.h"
#include "echo/units.h"

namespace echo {

// Who is told of a Load while it goes on. What it takes over is for the call only.
class LoadObserver {
 public:
  virtual ~LoadObserver() = default;

  // A measured message is back, exact.
  struct Answer {
    std::uint64_t sequence;  // 1 is the first message of the load.
    std::size_t size;        // In bytes.
    Duration latency;
  };
  virtual void answered(const Answer& /*answer*/) {}

  // A measured message is lost, for that reason.
  virtual void lost(std::uint64_t /*sequence*/, const std::string& /*reason*/) {}

  // An interval is over, if only because the load is. An interval follows the other.
  virtual void sampled(const Sample& /*sample*/) {}

  // Some time has passed, and this is what was found so far.
  virtual void progressed(const LoadResults& /*results*/) {}
};

}  // namespace echo
