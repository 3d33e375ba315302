#include "echo/server/host_limit.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace echo {

bool HostLimit::is_reached(const Endpoint& peer) const noexcept {
  if (max_ == 0) return false;
  const auto host = counts_.find(host_of(peer));
  return host != counts_.end() && host->second >= max_;
}

void HostLimit::add(const Endpoint& peer) {
  if (max_ > 0) ++counts_[host_of(peer)];
}

void HostLimit::remove(const Endpoint& peer) noexcept {
  if (max_ == 0) return;
  const auto host = counts_.find(host_of(peer));
  if (--host->second == 0) counts_.erase(host);
}

// The key of a host, as an IPv6 address: a mapped IPv4 address; a network of 64 bits; or a
// link-local address with its scope.
HostLimit::Host HostLimit::host_of(const Endpoint& peer) noexcept {
  constexpr std::size_t kMappedAt = 12;
  constexpr std::size_t kNetworkBytes = 8;
  constexpr std::size_t kLinkAt = 2;
  Host host{};
  if (peer.family() == AF_INET) {
    host[10] = host[11] = 0xff;
    const auto& v4 = *reinterpret_cast<const sockaddr_in*>(peer.address());
    std::memcpy(&host[kMappedAt], &v4.sin_addr, sizeof v4.sin_addr);
  } else if (peer.family() == AF_INET6) {
    const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(peer.address());
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) != 0;
    const bool of_one_link = IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) != 0;
    std::memcpy(host.data(), &v6.sin6_addr, mapped || of_one_link ? host.size() : kNetworkBytes);
    // The scope replaces zeros between the prefix and the interface identifier (RFC 4291, section
    // 2.5.6).
    if (of_one_link) std::memcpy(&host[kLinkAt], &v6.sin6_scope_id, sizeof v6.sin6_scope_id);
  }
  return host;
}

}  // namespace echo
