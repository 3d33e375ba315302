#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace echo {

// A TCP address: an IPv4 or IPv6 host, and a port.
class Endpoint {
 public:
  // No address: the family is AF_UNSPEC.
  Endpoint() noexcept : address_{} {}

  // Copies the result of accept(2), getsockname(2) or getaddrinfo(3). An address of a family other
  // than AF_INET and AF_INET6 becomes no address.
  Endpoint(const sockaddr* address, socklen_t length) noexcept;

  int family() const noexcept { return address_.any.sa_family; }
  std::uint16_t port() const noexcept;
  Endpoint with_port(std::uint16_t port) const noexcept;

  // True for 0.0.0.0 and ::, which stand for all addresses of their family.
  bool is_wildcard() const noexcept;
  // True for 224.0.0.0/4 and ff00::/8.
  bool is_multicast() const noexcept;

  // Valid for the lifetime of this object.
  const sockaddr* address() const noexcept { return &address_.any; }
  socklen_t length() const noexcept;

  // "127.0.0.1", "::1", "fe80::1%eth0".
  std::string host() const;

  // "127.0.0.1:10000", "[::1]:10000" (RFC 5952, section 6).
  std::string to_string() const;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } address_;
};

// Returns the numeric address, without a port: "127.0.0.1", "::1", "fe80::1%eth0". Returns no
// address for another text.
Endpoint parse_address(const std::string& text);

// Returns the addresses of a host name or a numeric address, without duplicates, with the given
// port. `localhost`, and any name below it, has both loopback addresses, whatever the hosts file
// contains (RFC 6761, section 6.3). `*` has both wildcard addresses. An IPv4-mapped IPv6 address
// becomes the IPv4 address. `family` is AF_UNSPEC (any), AF_INET or AF_INET6. Throws
// std::system_error, with the host in its text, if there is no address.
std::vector<Endpoint> resolve(const std::string& host, std::uint16_t port, int family = AF_UNSPEC);

}  // namespace echo
