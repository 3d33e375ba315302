#include "echo/os/endpoint.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <system_error>
#include <vector>

namespace echo {
namespace {

template <typename Address>
Endpoint endpoint_of(const Address& address, socklen_t length = sizeof(Address)) {
  return {reinterpret_cast<const sockaddr*>(&address), length};
}

sockaddr_in v4_address() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(10000);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sockaddr_in6 v6_address() {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(10000);
  address.sin6_addr = in6addr_loopback;
  return address;
}

std::vector<std::string> texts(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> result;
  result.reserve(endpoints.size());
  for (const Endpoint& endpoint : endpoints) result.push_back(endpoint.to_string());
  return result;
}

using Texts = std::vector<std::string>;

// Returns the text of the error that resolve() throws.
std::string resolve_error(const std::string& host, int family = AF_UNSPEC) {
  try {
    resolve(host, 0, family);
  } catch (const std::system_error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Endpoint, IsEmptyByDefault) {
  const Endpoint endpoint;
  EXPECT_EQ(endpoint.family(), AF_UNSPEC);
  EXPECT_EQ(endpoint.port(), 0);
  EXPECT_EQ(endpoint.length(), sizeof(sa_family_t));
  EXPECT_EQ(endpoint.host(), "unknown");
}

TEST(Endpoint, CopiesAnIpv4Address) {
  const Endpoint endpoint = endpoint_of(v4_address());
  EXPECT_EQ(endpoint.family(), AF_INET);
  EXPECT_EQ(endpoint.port(), 10000);
  EXPECT_EQ(endpoint.length(), sizeof(sockaddr_in));
  EXPECT_EQ(endpoint.address()->sa_family, AF_INET);
  EXPECT_EQ(endpoint.host(), "127.0.0.1");
}

TEST(Endpoint, CopiesAnIpv6Address) {
  const Endpoint endpoint = endpoint_of(v6_address());
  EXPECT_EQ(endpoint.family(), AF_INET6);
  EXPECT_EQ(endpoint.port(), 10000);
  EXPECT_EQ(endpoint.length(), sizeof(sockaddr_in6));
  EXPECT_EQ(endpoint.address()->sa_family, AF_INET6);
  EXPECT_EQ(endpoint.host(), "::1");
}

TEST(Endpoint, IgnoresAnAddressOfAnotherFamily) {
  sockaddr_storage address{};
  address.ss_family = AF_UNIX;
  EXPECT_EQ(endpoint_of(address).family(), AF_UNSPEC);
}

TEST(Endpoint, IgnoresATruncatedAddress) {
  EXPECT_EQ(endpoint_of(v4_address(), sizeof(sockaddr_in) - 1).family(), AF_UNSPEC);
  EXPECT_EQ(endpoint_of(v6_address(), sizeof(sockaddr_in6) - 1).family(), AF_UNSPEC);
  EXPECT_EQ(endpoint_of(v4_address(), 0).family(), AF_UNSPEC);
}

TEST(Endpoint, IsEmptyForANullPointer) {
  EXPECT_EQ(Endpoint(nullptr, 0).family(), AF_UNSPEC);
  EXPECT_EQ(Endpoint(nullptr, sizeof(sockaddr_in)).family(), AF_UNSPEC);
}

TEST(Endpoint, ReplacesThePortInACopyOnly) {
  const Endpoint v4 = endpoint_of(v4_address());
  const Endpoint v6 = endpoint_of(v6_address());
  EXPECT_EQ(v4.with_port(65535).to_string(), "127.0.0.1:65535");
  EXPECT_EQ(v6.with_port(0).to_string(), "[::1]:0");
  EXPECT_EQ(v4.port(), 10000);
  EXPECT_EQ(v6.port(), 10000);
}

TEST(Endpoint, IgnoresAPortWithoutAnAddress) {
  const Endpoint endpoint = Endpoint().with_port(80);
  EXPECT_EQ(endpoint.family(), AF_UNSPEC);
  EXPECT_EQ(endpoint.port(), 0);
}

TEST(Endpoint, RecognisesWildcards) {
  for (const Endpoint& endpoint : resolve("*", 80)) EXPECT_TRUE(endpoint.is_wildcard());
  for (const Endpoint& endpoint : resolve("localhost", 0)) EXPECT_FALSE(endpoint.is_wildcard());
  EXPECT_FALSE(Endpoint().is_wildcard());
}

TEST(Endpoint, PutsBracketsAroundIpv6Only) {
  EXPECT_EQ(endpoint_of(v4_address()).to_string(), "127.0.0.1:10000");
  EXPECT_EQ(endpoint_of(v6_address()).to_string(), "[::1]:10000");
}

TEST(Endpoint, NamesTheInterfaceOfALinkLocalAddress) {
  sockaddr_in6 address = v6_address();
  ASSERT_EQ(::inet_pton(AF_INET6, "fe80::1", &address.sin6_addr), 1);
  address.sin6_scope_id = ::if_nametoindex("lo");
  if (address.sin6_scope_id == 0) GTEST_SKIP() << "no interface 'lo'";
  EXPECT_EQ(endpoint_of(address).host(), "fe80::1%lo");
  EXPECT_EQ(endpoint_of(address).to_string(), "[fe80::1%lo]:10000");
}

TEST(ParseAddress, AcceptsNumericAddresses) {
  EXPECT_EQ(parse_address("127.0.0.2").host(), "127.0.0.2");
  EXPECT_EQ(parse_address("::1").host(), "::1");
  EXPECT_EQ(parse_address("::ffff:127.0.0.1").host(), "127.0.0.1");
}

TEST(ParseAddress, LooksUpNoName) {
  for (const char* const text : {"", "localhost", "*", "127.0.0.1:7", "[::1]", "1.2.3.4.5"}) {
    EXPECT_EQ(parse_address(text).family(), AF_UNSPEC) << text;
  }
}

TEST(Resolve, AcceptsNumericAddresses) {
  EXPECT_EQ(texts(resolve("192.0.2.1", 7)), Texts{"192.0.2.1:7"});
  EXPECT_EQ(texts(resolve("2001:db8::1", 7)), Texts{"[2001:db8::1]:7"});
}

TEST(Resolve, ResolvesLocalhostToBothLoopbackAddresses) {
  EXPECT_EQ(texts(resolve("localhost", 80)), (Texts{"127.0.0.1:80", "[::1]:80"}));
}

TEST(Resolve, ResolvesEverySpellingOfLocalhost) {
  for (const char* const host : {"localhost.", "LocalHost", "a.localhost", "a.localhost."}) {
    EXPECT_EQ(texts(resolve(host, 80)), (Texts{"127.0.0.1:80", "[::1]:80"})) << host;
  }
}

TEST(Resolve, ConvertsMappedIpv4Addresses) {
  EXPECT_EQ(texts(resolve("::ffff:127.0.0.1", 80)), Texts{"127.0.0.1:80"});
  EXPECT_EQ(texts(resolve("::FFFF:7f00:1", 80, AF_INET)), Texts{"127.0.0.1:80"});
  EXPECT_NE(resolve_error("::ffff:127.0.0.1", AF_INET6).find("'::ffff:127.0.0.1': "),
            std::string::npos);
}

TEST(Resolve, ResolvesAStarToBothWildcards) {
  EXPECT_EQ(texts(resolve("*", 80)), (Texts{"0.0.0.0:80", "[::]:80"}));
}

TEST(Resolve, ReturnsOneFamilyOnRequest) {
  EXPECT_EQ(texts(resolve("localhost", 80, AF_INET)), Texts{"127.0.0.1:80"});
  EXPECT_EQ(texts(resolve("localhost", 80, AF_INET6)), Texts{"[::1]:80"});
  EXPECT_EQ(texts(resolve("*", 80, AF_INET)), Texts{"0.0.0.0:80"});
  EXPECT_EQ(texts(resolve("*", 80, AF_INET6)), Texts{"[::]:80"});
}

TEST(Resolve, NamesAHostWithoutAddressOfTheFamily) {
  EXPECT_NE(resolve_error("::1", AF_INET).find("cannot resolve host '::1': "), std::string::npos);
}

// A label of 64 characters is invalid (RFC 1035, section 2.3.4), so no name server is asked.
TEST(Resolve, NamesAHostThatDoesNotExist) {
  const std::string host(64, 'x');
  EXPECT_NE(resolve_error(host).find("cannot resolve host '" + host + "': "), std::string::npos);
}

TEST(Resolve, RejectsAnEmptyHost) {
  EXPECT_NE(resolve_error("").find("cannot resolve host ''"), std::string::npos);
}

}  // namespace
}  // namespace echo
