#include "echo/base/time.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <optional>

namespace echo {
namespace {

using namespace std::chrono_literals;

TEST(MaxDuration, CanBeAddedToTheCurrentTime) {
  const Time now = Clock::now();
  EXPECT_GT(now + kMaxDuration, now);
}

TEST(WallTime, IsTheTimeOfDay) {
  const std::time_t before = std::time(nullptr);
  const std::time_t now = std::chrono::system_clock::to_time_t(wall_time());
  EXPECT_GE(now, before);
  EXPECT_LE(now, std::time(nullptr) + 1);
}

TEST(WallTime, DoesNotEndIn2038) { EXPECT_EQ(sizeof(timespec::tv_sec), 8U); }

TEST(Earliest, ReturnsTheEarliestTime) {
  const Time time{};
  EXPECT_EQ(earliest({time + 2s, std::nullopt, time + 1s, time + 3s}), time + 1s);
}

TEST(Earliest, IsEmptyWithoutTimes) {
  EXPECT_EQ(earliest({std::nullopt, std::nullopt}), std::nullopt);
}

}  // namespace
}  // namespace echo
