#include "echo/base/time.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace echo {
namespace {

using namespace std::chrono_literals;

TEST(MaxDuration, CanBeAddedToTheCurrentTime) {
  const Time now = Clock::now();
  EXPECT_GT(now + kMaxDuration, now);
}

TEST(Earliest, ReturnsTheEarliestTime) {
  const Time time{};
  EXPECT_EQ(earliest({time + 2s, std::nullopt, time + 1s, time + 3s}), time + 1s);
}

TEST(Earliest, IsEmptyWithoutTimes) {
  EXPECT_EQ(earliest({std::nullopt, std::nullopt}), std::nullopt);
}

}  // namespace
}  // namespace echo
