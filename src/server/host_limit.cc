#include "echo/server/host_limit.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace echo {

HostLimit::Place::~Place() {
  if (counts_ != nullptr && --host_->second == 0) counts_->erase(host_);
}

std::optional<HostLimit::Place> HostLimit::take(const Endpoint& peer) {
  const auto host = counts_.find(host_of(peer));
  if (host != counts_.end() && host->second >= most_) return std::nullopt;
  return add(peer);
}

HostLimit::Place HostLimit::add(const Endpoint& peer) {
  if (most_ == 0) return {};
  const auto host = counts_.try_emplace(host_of(peer)).first;
  ++host->second;
  return {counts_, host};
}

// As an IPv6 address: mapped, or with the part that the user chooses left out.
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
    // Between the prefix and the interface's part there are zeros (RFC 4291, section 2.5.6).
    if (of_one_link) std::memcpy(&host[kLinkAt], &v6.sin6_scope_id, sizeof v6.sin6_scope_id);
  }
  return host;
}

}  // namespace echo
