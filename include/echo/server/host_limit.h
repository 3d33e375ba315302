#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "echo/os/endpoint.h"

namespace echo {

// Counts the connections of each host and limits them.
//
// A host is an IPv4 address, native or mapped into IPv6 (RFC 4291, section 2.5.5.2); an IPv6
// network of 64 bits, because its user may choose any address in it (section 2.5.4); or a
// link-local address (section 2.5.6), because all hosts of a link share one network.
class HostLimit {
 public:
  // 0: no limit, and nothing is counted.
  explicit HostLimit(std::size_t max) noexcept : max_(max) {}

  // True if the peer's host has reached the limit.
  bool is_reached(const Endpoint& peer) const noexcept;

  // Counts one connection, even above the limit. Throws std::bad_alloc.
  void add(const Endpoint& peer);

  // Removes one connection of an added peer from the count.
  void remove(const Endpoint& peer) noexcept;

 private:
  using Host = std::array<std::uint8_t, 16>;

  static Host host_of(const Endpoint& peer) noexcept;

  std::size_t max_;
  // Only hosts with connections. A tree, so that no choice of addresses makes it slow.
  std::map<Host, std::size_t> counts_;
};

}  // namespace echo
