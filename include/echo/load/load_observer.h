#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/time.h"
#include "echo/load/load_results.h"
#include "echo/os/endpoint.h"

namespace echo {

// What follows a Load while it goes on. The arguments live as long as the call.
class LoadObserver {
 public:
  virtual ~LoadObserver() = default;

  // A measured message is back, exact.
  struct Answer {
    std::uint64_t sequence;  // 1 is the load's first message.
    std::size_t size;        // In bytes.
    Duration latency;
    const Endpoint& server;
  };
  virtual void answered(const Answer& /*answer*/) {}

  // A measured message is lost, for that reason.
  virtual void lost(std::uint64_t /*sequence*/, const std::string& /*reason*/) {}

  // A connection failed; the text says which and how.
  virtual void failed(const std::string& /*text*/) {}

  // Some of the server's addresses refused a connection, which another one has accepted.
  virtual void refused(const std::string& /*refusals*/, const Endpoint& /*instead*/) {}

  // An interval is over, if only because the load is. The intervals follow each other.
  virtual void sampled(const Sample& /*sample*/) {}

  // Some time has passed, and this is what was found so far.
  virtual void progressed(const LoadResults& /*results*/) {}
};

}  // namespace echo
