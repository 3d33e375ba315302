#include "echo/server/host_limit.h"

#include <gtest/gtest.h>

#include <new>
#include <string>
#include <vector>

#include "echo/os/endpoint.h"
#include "support/failing_allocations.h"

namespace echo {
namespace {

Endpoint at(const std::string& host) { return resolve(host, 4711).front(); }

// Adds the hosts in order, if their limit permits. Returns for each host whether it was added.
std::vector<bool> add_all(HostLimit& limit, const std::vector<std::string>& hosts) {
  std::vector<bool> added;
  for (const std::string& host : hosts) {
    added.push_back(!limit.is_reached(at(host)));
    if (added.back()) limit.add(at(host));
  }
  return added;
}

using Added = std::vector<bool>;

TEST(HostLimit, IsUnlimitedIfZero) {
  HostLimit limit(0);
  EXPECT_EQ(add_all(limit, std::vector<std::string>(100, "192.0.2.1")), Added(100, true));
}

TEST(HostLimit, LimitsTheConnectionsOfAHost) {
  HostLimit limit(2);
  EXPECT_EQ(add_all(limit, {"192.0.2.1", "192.0.2.1", "192.0.2.1"}), (Added{true, true, false}));
}

TEST(HostLimit, CountsEachHostSeparately) {
  HostLimit limit(1);
  EXPECT_EQ(add_all(limit, {"192.0.2.1", "192.0.2.2", "2001:db8::1"}), (Added{true, true, true}));
}

TEST(HostLimit, HasRoomAgainAfterARemoval) {
  HostLimit limit(2);
  EXPECT_EQ(add_all(limit, {"192.0.2.1", "192.0.2.1", "192.0.2.1"}), (Added{true, true, false}));
  limit.remove(at("192.0.2.1"));
  EXPECT_EQ(add_all(limit, {"192.0.2.1", "192.0.2.1"}), (Added{true, false}));
}

TEST(HostLimit, CountsConnectionsBeyondTheLimit) {
  HostLimit limit(1);
  for (int i = 0; i < 3; ++i) limit.add(at("192.0.2.1"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(limit.is_reached(at("192.0.2.1"))) << i;
    limit.remove(at("192.0.2.1"));
  }
  EXPECT_FALSE(limit.is_reached(at("192.0.2.1")));
}

// Otherwise a client with many addresses could make the table grow without bound.
TEST(HostLimit, ForgetsAHostWithoutConnections) {
  HostLimit limit(1);
  const Endpoint peer = at("192.0.2.1");
  limit.add(peer);
  limit.remove(peer);
  const test::FailingAllocations failing(0);
  EXPECT_THROW(limit.add(peer), std::bad_alloc) << "the memory for that host was kept";
}

TEST(HostLimit, TreatsMappedIpv4AddressesAsIpv4) {
  HostLimit limit(1);
  EXPECT_EQ(add_all(limit, {"192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"}),
            (Added{true, false, true}));
}

TEST(HostLimit, TreatsAnIpv6NetworkOf64BitsAsOneHost) {
  HostLimit limit(1);
  EXPECT_EQ(add_all(limit, {"2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff",
                            "2001:db8:0:2::1", "2001:db8:0:0:ffff::1"}),
            (Added{true, false, true, true}));
}

TEST(HostLimit, DistinguishesLowIpv6FromIpv4Addresses) {
  HostLimit limit(1);
  EXPECT_EQ(add_all(limit, {"::1", "0.0.0.1", "::2"}), (Added{true, true, false}));
}

TEST(HostLimit, CountsLinkLocalAddressesSeparately) {
  HostLimit limit(1);
  EXPECT_EQ(add_all(limit, {"fe80::1%1", "fe80::2%1", "fe80::1%2", "fe80::1%1"}),
            (Added{true, true, true, false}));
}

}  // namespace
}  // namespace echo
