// Compares an Endpoint made of arbitrary bytes, as a system call may return them, with
// inet_pton(3).

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "echo/os/endpoint.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

namespace echo {
namespace {

using fuzz::require;

// Returns the bytes of the address in `text`, which has no scope.
std::string bytes_of(int family, const std::string& text) {
  std::string bytes(family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr), '\0');
  require(::inet_pton(family, text.c_str(), bytes.data()) == 1, "the host is a numeric address");
  return bytes;
}

// Returns the bytes of the address in `filled_in`.
std::string_view address_in(int family, std::string_view filled_in) {
  return family == AF_INET ? filled_in.substr(offsetof(sockaddr_in, sin_addr), sizeof(in_addr))
                           : filled_in.substr(offsetof(sockaddr_in6, sin6_addr), sizeof(in6_addr));
}

// True if resolve() needs no name server for the host.
bool is_numeric(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

void check_address(const Endpoint& endpoint, std::string_view filled_in) {
  const int family = endpoint.family();
  const std::string host = endpoint.host();
  const std::string_view address = address_in(family, filled_in);
  require(bytes_of(family, host.substr(0, host.find('%'))) == address, "host() is the address");
  require(endpoint.is_wildcard() ==
              std::all_of(address.begin(), address.end(), [](char byte) { return byte == 0; }),
          "exactly the addresses of zeros are wildcards");

  // Both families have the port at the same place, high byte first.
  const std::size_t port =
      static_cast<std::uint8_t>(filled_in[2]) * 256U + static_cast<std::uint8_t>(filled_in[3]);
  require(endpoint.port() == port, "port() is the port");
  const std::string shown = family == AF_INET ? host : "[" + host + "]";
  require(endpoint.to_string() == shown + ":" + std::to_string(port),
          "to_string() is host and port");

  require(is_numeric(host), "the host is numeric");
  const std::vector<Endpoint> resolved = resolve(host, endpoint.port());
  require(resolved.size() == 1, "resolving the host yields one endpoint");
  // resolve() turns an IPv4-mapped IPv6 address into the IPv4 address, unless it has a scope.
  constexpr std::string_view kMapped = "::ffff:";
  const bool is_mapped = host.starts_with(kMapped) && host.find('.') != std::string::npos &&
                         host.find('%') == std::string::npos;
  require(resolved.front().host() == (is_mapped ? host.substr(kMapped.size()) : host) &&
              resolved.front().port() == endpoint.port(),
          "resolving the host yields the same endpoint");
}

void check_other_port(const Endpoint& endpoint) {
  const Endpoint other = endpoint.with_port(7);
  require(other.port() == (endpoint.family() == AF_UNSPEC ? 0 : 7), "with_port() sets the port");
  require(other.host() == endpoint.host(), "with_port() keeps the host");
}

void check_copy(const Endpoint& endpoint) {
  const Endpoint copy(endpoint.address(), endpoint.length());
  require(copy.to_string() == endpoint.to_string(),
          "address() and length() are sufficient for a copy");
}

void check_endpoint(std::string_view filled_in) {
  // A buffer of exactly this length, so that AddressSanitizer detects a read beyond it.
  const std::vector<char> memory(filled_in.begin(), filled_in.end());
  const Endpoint endpoint(reinterpret_cast<const sockaddr*>(memory.data()),
                          static_cast<socklen_t>(memory.size()));
  sa_family_t family = AF_UNSPEC;
  if (filled_in.size() >= sizeof family) std::memcpy(&family, filled_in.data(), sizeof family);
  const bool whole = (family == AF_INET && filled_in.size() >= sizeof(sockaddr_in)) ||
                     (family == AF_INET6 && filled_in.size() >= sizeof(sockaddr_in6));
  require(endpoint.family() == (whole ? family : AF_UNSPEC),
          "only a complete address has a family");
  check_other_port(endpoint);
  check_copy(endpoint);
  if (whole) {
    check_address(endpoint, filled_in);
  } else {
    require(endpoint.to_string() == "unknown:0" && !endpoint.is_wildcard(),
            "an incomplete address is unknown");
  }
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::check_endpoint(echo::fuzz::Input(data, size).rest());
  return 0;
}
