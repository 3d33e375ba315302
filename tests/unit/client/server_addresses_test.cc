#include "echo/client/server_addresses.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <system_error>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "support/start.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

// The test sets the clock and the addresses of the name.
class ServerAddressesTest : public testing::Test {
 protected:
  static Endpoint at(std::uint16_t port) { return resolve("127.0.0.1", port).front(); }

  ServerAddresses::List look_up() {
    ++look_ups_;
    now_ += cost_;
    if (fails_) throw std::system_error(std::make_error_code(std::errc::timed_out));
    return result_;
  }

  void look_up_again() {
    addresses_.look_up_again([this] { return now_; });
  }

  Time now_ = test::kStart;
  Duration cost_{0};
  bool fails_ = false;
  int look_ups_ = 0;
  ServerAddresses::List result_{at(1), at(2)};
  ServerAddresses addresses_{[this] { return look_up(); }};
};

TEST_F(ServerAddressesTest, StartsWithTheFirstAddress) { EXPECT_EQ(addresses_.first(), 0U); }

TEST_F(ServerAddressesTest, StartsWithThePreferredAddress) {
  addresses_.prefer(at(2));
  EXPECT_EQ(addresses_.first(), 1U);
}

TEST_F(ServerAddressesTest, GivesAllConnectionsTheSameList) {
  EXPECT_EQ(addresses_.lists(), 1U);
  EXPECT_EQ(addresses_.list(1), addresses_.list(0));
}

TEST_F(ServerAddressesTest, GivesConnectionsSeparateAddressesInTurn) {
  const ServerAddresses separate([this] { return look_up(); }, true);
  EXPECT_EQ(separate.lists(), 2U);
  for (std::size_t index = 0; index < 4; ++index) {
    ASSERT_EQ(separate.list(index)->size(), 1U);
    EXPECT_EQ(separate.list(index)->front().port(), 1 + index % 2);
  }
}

TEST_F(ServerAddressesTest, KeepsSeparateAddresses) {
  ServerAddresses separate([this] { return look_up(); }, true);
  result_ = {at(3)};
  separate.prefer(at(2));
  separate.look_up_again([this] { return now_; });
  EXPECT_EQ(separate.lists(), 2U);
  EXPECT_EQ(separate.first(), 0U);
  EXPECT_EQ(separate.list(1)->front().port(), 2);
}

TEST_F(ServerAddressesTest, IgnoresAnUnknownPreferredAddress) {
  addresses_.prefer(at(3));
  EXPECT_EQ(addresses_.first(), 0U);
}

TEST_F(ServerAddressesTest, ReplacesTheListAfterALookUp) {
  const auto old = addresses_.list();
  addresses_.prefer(at(2));
  result_ = {at(3)};
  look_up_again();
  ASSERT_EQ(addresses_.list()->size(), 1U);
  EXPECT_EQ(addresses_.list()->front().port(), 3);
  EXPECT_EQ(addresses_.first(), 0U);
  EXPECT_EQ(old->size(), 2U);
}

TEST_F(ServerAddressesTest, KeepsThePreferredAddressIfNothingChanges) {
  addresses_.prefer(at(2));
  look_up_again();
  EXPECT_EQ(addresses_.first(), 1U);
}

TEST_F(ServerAddressesTest, KeepsTheListIfTheLookUpFails) {
  fails_ = true;
  look_up_again();
  EXPECT_EQ(addresses_.list()->size(), 2U);
}

TEST_F(ServerAddressesTest, LooksUpAtMostTenTimesASecond) {
  look_up_again();
  now_ += 99ms;
  look_up_again();
  EXPECT_EQ(look_ups_, 2);
  now_ += 1ms;
  look_up_again();
  EXPECT_EQ(look_ups_, 3);
}

TEST_F(ServerAddressesTest, SpendsAtMostATenthOfTheTime) {
  cost_ = 1s;
  look_up_again();
  now_ += 9s;
  look_up_again();
  EXPECT_EQ(look_ups_, 2);
  now_ += 1s;
  look_up_again();
  EXPECT_EQ(look_ups_, 3);
}

}  // namespace
}  // namespace echo
