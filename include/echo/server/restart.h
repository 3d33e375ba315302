#pragma once

#include <functional>
#include <span>
#include <vector>

#include "echo/loop/selector.h"
#include "echo/os/endpoint.h"
#include "echo/os/log.h"
#include "echo/os/unique_fd.h"
#include "echo/server/acceptor.h"
#include "echo/server/connection_table.h"
#include "echo/server/handover.h"
#include "echo/service/service_manager.h"

namespace echo {

// A restart that breaks no connection: one server gives all that it has to the service manager to
// keep, and the next one takes it from there.
class Restart {
 public:
  // Both must outlive it.
  Restart(Log& log, ServiceManager& manager) : log_(log), manager_(manager) {}

  // Adds a connection of the server before. Throws std::bad_alloc; then the connection is closed.
  using AddConnection = std::function<void(RestoredConnection restored, const Endpoint& peer)>;

  // Adds those that are still there, logs the result, and has the manager drop the package.
  void restore(HandoverReader& handover, const AddConnection& add);

  // So that a server that has run out of descriptors can hand over anyway.
  void keep_spare_descriptors();

  // Gives the manager all descriptors and the pending bytes, and forgets them here. Bytes that the
  // clients send meanwhile stay in their sockets, and new clients stay on the listeners. False,
  // after a warning, if the manager keeps nothing; the spare descriptors are gone then.
  bool hand_over(Acceptor& acceptor, ConnectionTable& connections, Selector& selector);

 private:
  bool give(std::span<const UniqueFd> listeners, const ConnectionTable& connections);
  int pack(Handover& handover, std::span<const UniqueFd> listeners,
           const ConnectionTable& connections) const;

  Log& log_;
  ServiceManager& manager_;
  std::vector<UniqueFd> spare_;
};

}  // namespace echo
