#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "echo/os/endpoint.h"

namespace echo {

// How many connections one host may have.
//
// A host is an IPv4 address, whether it comes as such or mapped into IPv6 (RFC 4291, section
// 2.5.5.2); or an IPv6 network of 64 bits, since all of its addresses are one user's to choose from
// (RFC 4291, section 2.5.4); or an address of a link (section 2.5.6), of which all share a network.
class HostLimit {
  using Host = std::array<std::uint8_t, 16>;
  using Counts = std::map<Host, std::size_t>;  // A tree: no choice of addresses makes it slow.

 public:
  // 0: as many as they like, and nothing is counted.
  explicit HostLimit(std::size_t most) noexcept : most_(most) {}
  HostLimit(const HostLimit&) = delete;
  HostLimit& operator=(const HostLimit&) = delete;

  // What one connection counts for, until it is destroyed. The limit outlives it.
  class Place {
   public:
    Place() noexcept = default;
    Place(Place&& other) noexcept
        : counts_(std::exchange(other.counts_, nullptr)), host_(other.host_) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    friend class HostLimit;
    Place(Counts& counts, Counts::iterator host) noexcept : counts_(&counts), host_(host) {}

    Counts* counts_ = nullptr;  // Nullptr: counts for nothing.
    Counts::iterator host_;
  };

  // For one connection more of the peer's host; nullopt where it has as many as it may.
  std::optional<Place> take(const Endpoint& peer);

  // The same for one that is there already, though its host has more than it may then.
  Place add(const Endpoint& peer);

 private:
  static Host host_of(const Endpoint& peer) noexcept;

  const std::size_t most_;
  Counts counts_;  // Of the hosts that have connections.
};

}  // namespace echo
