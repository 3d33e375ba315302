#include "echo/load/schedule.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "echo/base/parse.h"
#include "echo/base/time.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

Duration start_of(Rate rate, std::uint64_t index) {
  const Time start = Time{} + 5s;
  return Schedule(rate, start).time_of(index) - start;
}

TEST(Schedule, SchedulesTheFirstMessageAtTheStart) { EXPECT_EQ(start_of({.count = 7}, 0), 0s); }

TEST(Schedule, SpreadsMessagesEvenly) {
  EXPECT_EQ(start_of({.count = 1000}, 1), 1ms);
  EXPECT_EQ(start_of({.count = 1000}, 1500), 1500ms);
  EXPECT_EQ(start_of({.count = 1, .period = 250ms}, 3), 750ms);
}

TEST(Schedule, IsExactAtAnIndivisibleRate) {
  EXPECT_EQ(start_of({.count = 3}, 1), 333'333'333ns);
  EXPECT_EQ(start_of({.count = 3}, 3), 1s);
  EXPECT_EQ(start_of({.count = 3}, 3'000'000'000), 1'000'000'000s);
  EXPECT_EQ(start_of({.count = 9'999'999}, 9'999'998), 1s - 101ns);
}

TEST(Schedule, IsExactOverALongPeriod) {
  EXPECT_EQ(start_of({.count = 9'999'999, .period = 1h}, 9'999'998), 1h - 360'001ns);
  EXPECT_EQ(start_of({.count = Rate::kMaxCount, .period = kMaxDuration}, Rate::kMaxCount - 1),
            kMaxDuration - 105'120'000ns);
  EXPECT_EQ(start_of({.count = 3, .period = 10s}, 2), 6'666'666'666ns);
}

TEST(Schedule, NeverGoesBackwards) {
  for (std::uint64_t index = 0; index < 30'000; ++index) {
    ASSERT_LE(start_of({.count = 9'973}, index), start_of({.count = 9'973}, index + 1));
  }
}

}  // namespace
}  // namespace echo
