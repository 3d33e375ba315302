#pragma once

#include <cstddef>
#include <list>
#include <vector>

#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"
#include "echo/server/connection.h"
#include "echo/server/host_limit.h"

namespace echo {

// The connections of the server: indexed by descriptor, ordered by the last add() or
// move_to_back(), and counted per host. A connection does not move in memory until it is removed.
class ConnectionTable {
 public:
  // `max_per_host` is the limit of HostLimit.
  explicit ConnectionTable(std::size_t max_per_host) noexcept : hosts_(max_per_host) {}

  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  // If it throws std::bad_alloc, the connection is closed and the table is unchanged.
  Connection& add(Connection connection);
  void remove(int fd) noexcept;
  // Gives the connection's socket another number: `copy` refers to the same socket. If it throws
  // std::bad_alloc, nothing has changed.
  void renumber(int fd, UniqueFd copy);

  bool contains(int fd) const noexcept;
  // The descriptor must belong to a connection.
  Connection& operator[](int fd) noexcept { return *by_fd_[static_cast<std::size_t>(fd)]; }

  // Marks the connection as the most recently active one.
  void move_to_back(Connection& connection) noexcept;

  // Iterates from the least to the most recently active connection.
  auto begin() noexcept { return by_activity_.begin(); }
  auto begin() const noexcept { return by_activity_.begin(); }
  auto end() noexcept { return by_activity_.end(); }
  auto end() const noexcept { return by_activity_.end(); }
  Connection& front() noexcept { return by_activity_.front(); }
  const Connection& front() const noexcept { return by_activity_.front(); }

  bool empty() const noexcept { return by_activity_.empty(); }
  std::size_t size() const noexcept { return by_activity_.size(); }

  // True if the peer's host has reached its limit of connections.
  bool is_host_full(const Endpoint& peer) const noexcept { return hosts_.is_reached(peer); }

 private:
  using Connections = std::list<Connection>;

  // The entry of the descriptor in by_fd_, which grows if necessary.
  Connections::iterator& slot(int fd);

  HostLimit hosts_;
  Connections by_activity_;
  std::vector<Connections::iterator> by_fd_;  // The list's end for other descriptors.
};

}  // namespace echo
