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

// A restart without a broken connection: one server gives its sockets and pending bytes to the
// service manager to keep, and the next server takes them from there.
class Restart {
 public:
  // Both must outlive it.
  Restart(Log& log, ServiceManager& manager) : log_(log), manager_(manager) {}

  // Adds a connection of the previous server. If it throws std::bad_alloc, the connection is
  // closed.
  using AddConnection = std::function<void(RestoredConnection restored, const Endpoint& peer)>;

  // Adds the connections that still exist, logs the result, and makes the manager drop the package.
  void restore(HandoverReader& handover, const AddConnection& add);

  // Reserves descriptors, so that a server without free descriptors can still hand over.
  void keep_spare_descriptors();

  // Gives all descriptors and pending bytes to the manager and forgets them here. Bytes that
  // clients send meanwhile stay in their sockets, and new clients stay on the listeners. Returns
  // false, after a warning, if the manager keeps nothing; the reserved descriptors are gone then.
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
