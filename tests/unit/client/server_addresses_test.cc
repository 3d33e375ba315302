#include "echo/client/server_addresses.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <system_error>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "support/start.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

// A name whose addresses the test sets, at a time that the test sets.
class ServerAddressesTest : public testing::Test {
 protected:
  static Endpoint at(std::uint16_t port) { return resolve("127.0.0.1", port).front(); }

  ServerAddresses::List look_up() {
    ++look_ups_;
    now_ += cost_;
    if (fails_) throw std::system_error(std::make_error_code(std::errc::timed_out));
    return found_;
  }

  void look_up_again() {
    addresses_.look_up_again([this] { return now_; });
  }

  Time now_ = test::kStart;
  Duration cost_{0};
  bool fails_ = false;
  int look_ups_ = 0;
  ServerAddresses::List found_{at(1), at(2)};
  ServerAddresses addresses_{[this] { return look_up(); }};
};

TEST_F(ServerAddressesTest, BeginWithTheFirstOfTheList) { EXPECT_EQ(addresses_.first(), 0U); }

TEST_F(ServerAddressesTest, BeginWithTheOneThatIsPreferred) {
  addresses_.prefer(at(2));
  EXPECT_EQ(addresses_.first(), 1U);
}

TEST_F(ServerAddressesTest, PreferNoneThatIsNotThere) {
  addresses_.prefer(at(3));
  EXPECT_EQ(addresses_.first(), 0U);
}

TEST_F(ServerAddressesTest, ChangeWithTheName) {
  const auto old = addresses_.list();
  addresses_.prefer(at(2));
  found_ = {at(3)};
  look_up_again();
  ASSERT_EQ(addresses_.list()->size(), 1U);
  EXPECT_EQ(addresses_.list()->front().port(), 3);
  EXPECT_EQ(addresses_.first(), 0U);
  EXPECT_EQ(old->size(), 2U);
}

TEST_F(ServerAddressesTest, KeepWhatIsPreferredWhereTheNameDoesNotChange) {
  addresses_.prefer(at(2));
  look_up_again();
  EXPECT_EQ(addresses_.first(), 1U);
}

TEST_F(ServerAddressesTest, StayWhereTheNameIsNotFoundAnyMore) {
  fails_ = true;
  look_up_again();
  EXPECT_EQ(addresses_.list()->size(), 2U);
}

TEST_F(ServerAddressesTest, AreLookedUpNotMoreOftenThanTenTimesASecond) {
  look_up_again();
  now_ += 99ms;
  look_up_again();
  EXPECT_EQ(look_ups_, 2);
  now_ += 1ms;
  look_up_again();
  EXPECT_EQ(look_ups_, 3);
}

TEST_F(ServerAddressesTest, TakeATenthOfTheTimeAtMost) {
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
