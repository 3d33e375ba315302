#pragma once

#include <cstddef>
#include <list>
#include <vector>

#include "echo/os/endpoint.h"
#include "echo/server/connection.h"
#include "echo/server/host_limit.h"

namespace echo {

// The server's connections: by descriptor, in the order of their last activity, and counted by
// host. A connection stays where it is in memory until it is removed.
class ConnectionTable {
 public:
  // `max_per_host` as HostLimit takes it.
  explicit ConnectionTable(std::size_t max_per_host) noexcept : hosts_(max_per_host) {}

  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  // Throws std::bad_alloc; then the connection is closed, and nothing else has changed.
  Connection& add(Connection connection);
  void remove(int fd) noexcept;

  bool contains(int fd) const noexcept;
  // The descriptor must be one of a connection.
  Connection& operator[](int fd) noexcept { return *by_fd_[static_cast<std::size_t>(fd)]; }

  // It is the latest one that was active.
  void move_to_back(Connection& connection) noexcept;

  // From the one that has been silent longest on.
  auto begin() noexcept { return by_activity_.begin(); }
  auto begin() const noexcept { return by_activity_.begin(); }
  auto end() noexcept { return by_activity_.end(); }
  auto end() const noexcept { return by_activity_.end(); }
  Connection& front() noexcept { return by_activity_.front(); }
  const Connection& front() const noexcept { return by_activity_.front(); }

  bool empty() const noexcept { return by_activity_.empty(); }
  std::size_t size() const noexcept { return by_activity_.size(); }

  // Whether the peer's host has as many of them as it may.
  bool is_host_full(const Endpoint& peer) const noexcept { return hosts_.is_reached(peer); }

 private:
  using Connections = std::list<Connection>;

  HostLimit hosts_;
  Connections by_activity_;
  std::vector<Connections::iterator> by_fd_;  // The list's end: no connection has that descriptor.
};

}  // namespace echo
