#include "echo/load/slot.h"

#include <gtest/gtest.h>

namespace echo::test {
namespace {

using State = Slot::State;

TEST(Slots, PutsBusySlotsFirst) {
  Slots slots(2, 1);
  EXPECT_EQ(slots.size(), 3U);
  EXPECT_FALSE(slots[1].is_idle);
  EXPECT_TRUE(slots[2].is_idle);
  EXPECT_EQ(slots[2].index, 2U);
}

TEST(Slots, CountsSlotsByState) {
  Slots slots(2, 1);
  slots.set(slots[0], State::kOpen);
  slots.set(slots[2], State::kOpen);
  EXPECT_EQ(slots.busy(State::kOpen), 1U);
  EXPECT_EQ(slots.all(State::kOpen), 2U);
  EXPECT_EQ(slots.all(State::kNew), 1U);
}

TEST(Slots, CountsARepeatedStateOnce) {
  Slots slots(1, 0);
  slots.set(slots[0], State::kDone);
  slots.set(slots[0], State::kDone);
  EXPECT_EQ(slots.all(State::kDone), 1U);
  EXPECT_EQ(slots.all(State::kNew), 0U);
}

}  // namespace
}  // namespace echo::test
