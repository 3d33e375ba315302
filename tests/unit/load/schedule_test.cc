#include "echo/load/schedule.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/load/histogram.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

Duration start_of(Rate rate, std::uint64_t index) {
  const Time start = Time{} + 5s;
  return Schedule(rate, 1, start).time_of(index, start) - start;
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

TEST(Schedule, GivesTurnsToTheSlotsInOrder) {
  const Time start = Time{} + 5s;
  Schedule schedule({.count = 10}, 3, start);
  for (std::size_t index = 0; index < 7; ++index) {
    EXPECT_EQ(schedule.next_turn(), start + index * 100ms);
    EXPECT_EQ(schedule.take_turn(), index % 3);
  }
}

// The start times of the first messages of all slots together, in order.
std::vector<Duration> poisson_times(std::size_t slots, std::size_t count, std::uint64_t seed) {
  const Time start = Time{} + 5s;
  Schedule schedule = Schedule::poisson({.count = 1000}, slots, start, seed);
  std::vector<Duration> times;
  for (std::size_t index = 0; index < count; ++index) {
    times.push_back(schedule.next_turn() - start);
    schedule.take_turn();
  }
  return times;
}

// The distances between messages of a Poisson process are exponentially distributed: their mean and
// their deviation are equal, and 1/e of them exceed the mean.
TEST(PoissonSchedule, HasExponentialDistances) {
  constexpr std::size_t kCount = 100'000;
  for (const std::size_t slots : {1U, 7U, 100U}) {
    const std::vector<Duration> times = poisson_times(slots, kCount, 1);
    Histogram distances;
    std::size_t above_mean = 0;
    for (std::size_t index = 1; index < kCount; ++index) {
      const Duration distance = times[index] - times[index - 1];
      ASSERT_GE(distance, Duration{0});
      distances.record(distance);
      if (distance > 1ms) ++above_mean;
    }
    EXPECT_NEAR(static_cast<double>(distances.mean().count()), 1e6, 2e4) << slots;
    EXPECT_NEAR(static_cast<double>(distances.deviation().count()), 1e6, 3e4) << slots;
    EXPECT_NEAR(static_cast<double>(above_mean) / kCount, 0.3679, 0.01) << slots;
  }
}

TEST(PoissonSchedule, IsRepeatableForASeed) {
  EXPECT_EQ(poisson_times(3, 100, 5), poisson_times(3, 100, 5));
  EXPECT_NE(poisson_times(3, 100, 5), poisson_times(3, 100, 6));
}

TEST(PoissonSchedule, GivesEachSlotItsTurnAtTheTimeOfItsMessage) {
  constexpr std::size_t kSlots = 3;
  const Time start = Time{} + 5s;
  Schedule schedule = Schedule::poisson({.count = 10}, kSlots, start, 1);
  std::array<std::uint64_t, kSlots> next{0, 1, 2};
  std::array<Time, kSlots> previous{};
  for (int turns = 0; turns < 100; ++turns) {
    const Time time = schedule.next_turn();
    const std::size_t slot = schedule.take_turn();
    EXPECT_EQ(schedule.time_of(next.at(slot), previous.at(slot)), time);
    previous.at(slot) = time;
    next.at(slot) += kSlots;
  }
  for (const std::uint64_t index : next) EXPECT_GT(index, 50U);
}

TEST(PoissonSchedule, DoesNotOverflowAtTheLowestRate) {
  const Schedule schedule =
      Schedule::poisson({.count = 1, .period = kMaxDuration}, 1'000, Time{}, 1);
  for (std::uint64_t index = 0; index < 1'000; ++index) {
    EXPECT_GE(schedule.time_of(index, Time{}), Time{});
    EXPECT_LE(schedule.time_of(index, Time{}), Time{} + kMaxDuration);
  }
}

}  // namespace
}  // namespace echo
