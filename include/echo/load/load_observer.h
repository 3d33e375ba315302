#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/time.h"
#include "echo/load/load_results.h"
#include "echo/os/endpoint.h"

namespace echo {

// The interface through which a Load reports its progress. References passed to the functions are
// valid only during the call.
class LoadObserver {
 public:
  virtual ~LoadObserver() = default;

  // The exact echo of a measured message has arrived.
  struct Answer {
    std::uint64_t sequence;  // The number of the message in the load, from 1.
    std::size_t size;        // In bytes.
    Duration latency;
    const Endpoint& server;
  };
  virtual void answered(const Answer& /*answer*/) {}

  // A measured message is lost.
  virtual void lost(std::uint64_t /*sequence*/, const std::string& /*reason*/) {}

  // A connection failed. The text contains its number and the reason.
  virtual void failed(const std::string& /*text*/) {}

  // A connection was made to the address `instead`, after other addresses of the server had failed.
  virtual void refused(const std::string& /*refusals*/, const Endpoint& /*instead*/) {}

  // A sample interval has ended; the end of the load also ends the last one. There are no gaps
  // between intervals.
  virtual void sampled(const Sample& /*sample*/) {}

  // A progress interval has passed. `results` are the results so far.
  virtual void progressed(const LoadResults& /*results*/) {}
};

}  // namespace echo
