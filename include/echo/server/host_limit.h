#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "echo/os/endpoint.h"

namespace echo {

// How many connections each host has, and whether it may have one more.
//
// A host is an IPv4 address, whether it comes as such or mapped into IPv6 (RFC 4291, section
// 2.5.5.2); or an IPv6 network of 64 bits, since its user may choose any of its addresses (RFC
// 4291, section 2.5.4); or an address of a link (section 2.5.6), since all hosts there share a
// network.
class HostLimit {
 public:
  // 0: no limit, and nothing is counted.
  explicit HostLimit(std::size_t max) noexcept : max_(max) {}

  // Whether the peer's host has as many connections as it may.
  bool is_reached(const Endpoint& peer) const noexcept;

  // Counts one connection more, though it may be beyond the limit. Throws std::bad_alloc.
  void add(const Endpoint& peer);

  // Counts one less. For a peer that was added.
  void remove(const Endpoint& peer) noexcept;

 private:
  using Host = std::array<std::uint8_t, 16>;

  static Host host_of(const Endpoint& peer) noexcept;

  std::size_t max_;
  // Only hosts that have connections. A tree: no choice of addresses makes it slow.
  std::map<Host, std::size_t> counts_;
};

}  // namespace echo
