#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace echo {

// A TCP address: an IPv4 or IPv6 host and a port.
class Endpoint {
 public:
  // No address at all: family AF_UNSPEC.
  Endpoint() noexcept : address_{} {}

  // Copies what accept(2), getsockname(2) or getaddrinfo(3) filled in. An address of a family other
  // than AF_INET and AF_INET6 becomes no address.
  Endpoint(const sockaddr* address, socklen_t length) noexcept;

  int family() const noexcept { return address_.any.sa_family; }
  std::uint16_t port() const noexcept;
  Endpoint with_port(std::uint16_t port) const noexcept;

  // Whether it stands for every address of its family: 0.0.0.0 or ::.
  bool is_wildcard() const noexcept;
  // 224.0.0.0/4 or ff00::/8.
  bool is_multicast() const noexcept;

  // Valid as long as this object is.
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

// The addresses of a host name or a numeric address, each once, with that port. `localhost`, and
// any name below it, is both loopback addresses, whatever the machine's hosts file says (RFC 6761,
// section 6.3), and `*` both wildcard addresses. An IPv4 address that is mapped into IPv6 is
// itself. `family` is AF_UNSPEC for any, or AF_INET or AF_INET6. Throws std::system_error with the
// host in its text if there is none.
std::vector<Endpoint> resolve(const std::string& host, std::uint16_t port, int family = AF_UNSPEC);

}  // namespace echo
