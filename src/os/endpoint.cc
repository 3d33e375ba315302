#include "echo/os/endpoint.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace echo {
namespace {

// The errors of getaddrinfo(3), with the texts of gai_strerror(3).
class ResolverCategory : public std::error_category {
 public:
  const char* name() const noexcept override { return "getaddrinfo"; }
  std::string message(int error) const override { return ::gai_strerror(error); }
};

std::system_error resolver_error(int error, const std::string& host) {
  static const ResolverCategory kCategory;
  const std::string text = "cannot resolve host '" + host + "'";
  if (error == EAI_SYSTEM) return {errno, std::generic_category(), text};
  return {error, kCategory, text};
}

// Appends the results of getaddrinfo(3) that are not in `endpoints` yet.
void look_up(const std::string& host, const char* node, int family, int flags,
             std::vector<Endpoint>& endpoints) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  // The caller sets the port.
  const int error = ::getaddrinfo(node, "0", &hints, &found);
  if (error != 0) throw resolver_error(error, host);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    const Endpoint endpoint(info->ai_addr, info->ai_addrlen);
    const bool known = std::any_of(endpoints.begin(), endpoints.end(), [&](const Endpoint& other) {
      return other.to_string() == endpoint.to_string();
    });
    if (!known) endpoints.push_back(endpoint);
  }
}

// "localhost", "LOCALHOST.", "a.localhost".
bool is_localhost(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name.ends_with('.')) name.pop_back();
  return name == "localhost" || name.ends_with(".localhost");
}

// Returns "127.0.0.1" for "::ffff:127.0.0.1", which an IPv6-only socket cannot use (RFC 4291,
// section 2.5.5.2), and any other host unchanged.
std::string unmapped(const std::string& host) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, host.c_str(), &address) != 1 || !IN6_IS_ADDR_V4MAPPED(&address)) {
    return host;
  }
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address.s6_addr[12], text.data(), text.size());
  return text.data();
}

}  // namespace

Endpoint::Endpoint(const sockaddr* address, socklen_t length) noexcept : address_{} {
  if (address == nullptr || length < sizeof(sa_family_t)) return;
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    std::memcpy(&address_.v4, address, sizeof(sockaddr_in));
  } else if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    std::memcpy(&address_.v6, address, sizeof(sockaddr_in6));
  }
}

std::uint16_t Endpoint::port() const noexcept {
  if (family() == AF_INET) return ntohs(address_.v4.sin_port);
  return family() == AF_INET6 ? ntohs(address_.v6.sin6_port) : 0;
}

Endpoint Endpoint::with_port(std::uint16_t port) const noexcept {
  Endpoint endpoint = *this;
  if (family() == AF_INET) endpoint.address_.v4.sin_port = htons(port);
  if (family() == AF_INET6) endpoint.address_.v6.sin6_port = htons(port);
  return endpoint;
}

bool Endpoint::is_wildcard() const noexcept {
  if (family() == AF_INET) return address_.v4.sin_addr.s_addr == INADDR_ANY;
  return family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address_.v6.sin6_addr) != 0;
}

bool Endpoint::is_multicast() const noexcept {
  if (family() == AF_INET) return IN_MULTICAST(ntohl(address_.v4.sin_addr.s_addr));
  return family() == AF_INET6 && IN6_IS_ADDR_MULTICAST(&address_.v6.sin6_addr) != 0;
}

socklen_t Endpoint::length() const noexcept {
  if (family() == AF_INET) return sizeof(sockaddr_in);
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sa_family_t);
}

std::string Endpoint::host() const {
  std::array<char, INET6_ADDRSTRLEN + 1 + IF_NAMESIZE> host{};  // An address, '%', an interface.
  const int error =
      ::getnameinfo(address(), length(), host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
  return error == 0 ? host.data() : "unknown";
}

std::string Endpoint::to_string() const {
  const std::string name = family() == AF_INET6 ? "[" + host() + "]" : host();
  return name + ":" + std::to_string(port());
}

Endpoint parse_address(const std::string& text) {
  if (text == "*") return {};  // Also an address for getaddrinfo(3) of glibc.
  try {
    std::vector<Endpoint> endpoints;
    look_up(text, unmapped(text).c_str(), AF_UNSPEC, AI_NUMERICHOST, endpoints);
    return endpoints.front();
  } catch (const std::system_error&) {
    return {};
  }
}

std::vector<Endpoint> resolve(const std::string& host, std::uint16_t port, int family) {
  std::vector<Endpoint> endpoints;
  const bool any = host == "*";
  if (any || is_localhost(host)) {
    if (family != AF_INET6) {
      look_up(host, any ? "0.0.0.0" : "127.0.0.1", AF_INET, AI_NUMERICHOST, endpoints);
    }
    if (family != AF_INET) {
      look_up(host, any ? "::" : "::1", AF_INET6, AI_NUMERICHOST, endpoints);
    }
  } else {
    look_up(host, unmapped(host).c_str(), family, 0, endpoints);
  }
  for (Endpoint& endpoint : endpoints) endpoint = endpoint.with_port(port);
  return endpoints;
}

}  // namespace echo
