#include "echo/server/host_limit.h"

#include <gtest/gtest.h>

#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "echo/os/endpoint.h"
#include "support/failing_allocations.h"

namespace echo {
namespace {

Endpoint at(const std::string& host) { return resolve(host, 4711).front(); }

// Takes a place for each host, and tells whether it was to be had.
std::vector<bool> take_all(HostLimit& limit, const std::vector<std::string>& hosts) {
  std::vector<std::optional<HostLimit::Place>> places;
  std::vector<bool> had;
  for (const std::string& host : hosts) {
    places.push_back(limit.take(at(host)));
    had.push_back(places.back().has_value());
  }
  return had;
}

using Had = std::vector<bool>;

TEST(HostLimit, IsNoneWhereItIsZero) {
  HostLimit limit(0);
  EXPECT_EQ(take_all(limit, std::vector<std::string>(100, "192.0.2.1")), Had(100, true));
}

TEST(HostLimit, IsWhatOneHostMayHave) {
  HostLimit limit(2);
  EXPECT_EQ(take_all(limit, {"192.0.2.1", "192.0.2.1", "192.0.2.1"}), (Had{true, true, false}));
}

TEST(HostLimit, IsEachHostsOwn) {
  HostLimit limit(1);
  EXPECT_EQ(take_all(limit, {"192.0.2.1", "192.0.2.2", "2001:db8::1"}), (Had{true, true, true}));
}

TEST(HostLimit, DoesNotCountTheRefused) {
  HostLimit limit(1);
  auto first = limit.take(at("192.0.2.1"));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limit.take(at("192.0.2.1")));
  first.reset();
  EXPECT_TRUE(limit.take(at("192.0.2.1")));
}

TEST(HostLimit, CountsThoseBeyondIt) {
  HostLimit limit(1);
  std::vector<HostLimit::Place> there;
  there.reserve(3);
  for (int i = 0; i < 3; ++i) there.push_back(limit.add(at("192.0.2.1")));
  while (!there.empty()) {
    EXPECT_FALSE(limit.take(at("192.0.2.1"))) << there.size();
    there.pop_back();
  }
  EXPECT_TRUE(limit.take(at("192.0.2.1")));
}

// Else whoever has many addresses could make it grow without bound.
TEST(HostLimit, ForgetsAHostThatHasLeft) {
  HostLimit limit(1);
  { const auto place = limit.take(at("192.0.2.1")); }
  const test::FailingAllocations failing(0);
  EXPECT_THROW(limit.take(Endpoint()), std::bad_alloc);
}

TEST(HostLimit, GivesAPlaceBackOnce) {
  HostLimit limit(2);
  auto first = limit.take(at("192.0.2.1"));
  auto second = limit.take(at("192.0.2.1"));
  auto moved = std::move(*first);
  first.reset();
  EXPECT_FALSE(limit.take(at("192.0.2.1"))) << "a place that was moved is taken still";
  second.reset();
  auto third = limit.take(at("192.0.2.1"));
  EXPECT_TRUE(third);
  EXPECT_FALSE(limit.take(at("192.0.2.1")));
}

TEST(HostLimit, TakesAMappedIpv4AddressForTheIpv4Address) {
  HostLimit limit(1);
  EXPECT_EQ(take_all(limit, {"192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"}),
            (Had{true, false, true}));
}

TEST(HostLimit, TakesAnIpv6NetworkOf64BitsForOneHost) {
  HostLimit limit(1);
  EXPECT_EQ(take_all(limit, {"2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff",
                             "2001:db8:0:2::1", "2001:db8:0:0:ffff::1"}),
            (Had{true, false, true, true}));
}

TEST(HostLimit, TellsLowIpv6AddressesFromIpv4Ones) {
  HostLimit limit(1);
  EXPECT_EQ(take_all(limit, {"::1", "0.0.0.1", "::2"}), (Had{true, true, false}));
}

TEST(HostLimit, CountsTheAddressesOfALinkEachForItself) {
  HostLimit limit(1);
  EXPECT_EQ(take_all(limit, {"fe80::1%1", "fe80::2%1", "fe80::1%2", "fe80::1%1"}),
            (Had{true, true, true, false}));
}

}  // namespace
}  // namespace echo
