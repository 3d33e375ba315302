#include "echo/base/rate_limit.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "echo/base/time.h"
#include "support/start.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using test::kStart;

TEST(RateLimit, TellsOfTheFirstEventAtOnce) { EXPECT_EQ(RateLimit(1s).note(kStart), 1U); }

TEST(RateLimit, TellsOfTheFirstEventEvenAtTheStartOfTime) {
  EXPECT_EQ(RateLimit(1s).note(Time{}), 1U);
}

TEST(RateLimit, HoldsBackWhatComesWithinTheInterval) {
  RateLimit limit(1s);
  limit.note(kStart);
  EXPECT_EQ(limit.note(kStart), std::nullopt);
  EXPECT_EQ(limit.note(kStart + 1s - 1ns), std::nullopt);
}

TEST(RateLimit, TellsAgainOnceTheIntervalHasPassed) {
  RateLimit limit(1s);
  limit.note(kStart);
  EXPECT_EQ(limit.note(kStart + 1s), 1U);
}

TEST(RateLimit, CountsWhatItHeldBack) {
  RateLimit limit(1s);
  limit.note(kStart);
  limit.note(kStart + 1ms);
  limit.note(kStart + 2ms);
  EXPECT_EQ(limit.note(kStart + 2s), 3U);
}

TEST(RateLimit, CountsAnewOnceItHasTold) {
  RateLimit limit(1s);
  limit.note(kStart);
  limit.note(kStart + 1ms);
  limit.note(kStart + 2s);
  EXPECT_EQ(limit.note(kStart + 3s), 1U);
}

TEST(RateLimit, CountsTheIntervalFromWhenItLastTold) {
  RateLimit limit(1s);
  limit.note(kStart);
  limit.note(kStart + 900ms);
  limit.note(kStart + 1500ms);
  EXPECT_EQ(limit.note(kStart + 2400ms), std::nullopt);
  EXPECT_EQ(limit.note(kStart + 2500ms), 2U);
}

TEST(RateLimit, HasNothingDueUntilItHoldsBack) {
  RateLimit limit(1s);
  EXPECT_EQ(limit.due(), std::nullopt);
  EXPECT_EQ(limit.take(kStart), std::nullopt);
  limit.note(kStart);
  EXPECT_EQ(limit.due(), std::nullopt);
  EXPECT_EQ(limit.take(kStart + 1h), std::nullopt);
}

TEST(RateLimit, TellsOfWhatItHeldBackWhenThatIsDue) {
  RateLimit limit(1s);
  limit.note(kStart);
  limit.note(kStart + 1ms);
  limit.note(kStart + 2ms);
  EXPECT_EQ(limit.due(), kStart + 1s);
  EXPECT_EQ(limit.take(kStart + 1s - 1ns), std::nullopt);
  EXPECT_EQ(limit.take(kStart + 1s), 2U);
  EXPECT_EQ(limit.due(), std::nullopt);
}

TEST(RateLimit, TellsOfTheRestAtTheEndThoughItIsNotDue) {
  RateLimit limit(1s);
  EXPECT_EQ(limit.take_rest(), std::nullopt);
  limit.note(kStart);
  limit.note(kStart);
  EXPECT_EQ(limit.take_rest(), 1U);
}

}  // namespace
}  // namespace echo
