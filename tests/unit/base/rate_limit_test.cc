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

TEST(RateLimit, ReportsTheFirstEventImmediately) { EXPECT_EQ(RateLimit(1s).note(kStart), 1U); }

TEST(RateLimit, ReportsAnEventAtTimeZero) { EXPECT_EQ(RateLimit(1s).note(Time{}), 1U); }

TEST(RateLimit, SuppressesEventsWithinTheInterval) {
  RateLimit limit(1s);
  limit.note(kStart);
  EXPECT_EQ(limit.note(kStart), std::nullopt);
  EXPECT_EQ(limit.note(kStart + 1s - 1ns), std::nullopt);
}

TEST(RateLimit, ReportsAgainAfterTheInterval) {
  RateLimit limit(1s);
  limit.note(kStart);
  EXPECT_EQ(limit.note(kStart + 1s), 1U);
}

TEST(RateLimit, CountsSuppressedEvents) {
  RateLimit limit(1s);
  limit.note(kStart);
  limit.note(kStart + 1ms);
  limit.note(kStart + 2ms);
  EXPECT_EQ(limit.note(kStart + 2s), 3U);
}

TEST(RateLimit, RestartsTheCountAfterAReport) {
  RateLimit limit(1s);
  limit.note(kStart);
  limit.note(kStart + 1ms);
  limit.note(kStart + 2s);
  EXPECT_EQ(limit.note(kStart + 3s), 1U);
}

TEST(RateLimit, MeasuresTheIntervalFromTheLastReport) {
  RateLimit limit(1s);
  limit.note(kStart);
  limit.note(kStart + 900ms);
  limit.note(kStart + 1500ms);
  EXPECT_EQ(limit.note(kStart + 2400ms), std::nullopt);
  EXPECT_EQ(limit.note(kStart + 2500ms), 2U);
}

TEST(RateLimit, SchedulesNothingUntilItSuppresses) {
  RateLimit limit(1s);
  EXPECT_EQ(limit.due(), std::nullopt);
  EXPECT_EQ(limit.take(kStart), std::nullopt);
  limit.note(kStart);
  EXPECT_EQ(limit.due(), std::nullopt);
  EXPECT_EQ(limit.take(kStart + 1h), std::nullopt);
}

TEST(RateLimit, ReportsSuppressedEventsAfterTheInterval) {
  RateLimit limit(1s);
  limit.note(kStart);
  limit.note(kStart + 1ms);
  limit.note(kStart + 2ms);
  EXPECT_EQ(limit.due(), kStart + 1s);
  EXPECT_EQ(limit.take(kStart + 1s - 1ns), std::nullopt);
  EXPECT_EQ(limit.take(kStart + 1s), 2U);
  EXPECT_EQ(limit.due(), std::nullopt);
}

TEST(RateLimit, ReportsTheRestBeforeTheIntervalEnds) {
  RateLimit limit(1s);
  EXPECT_EQ(limit.take_rest(), std::nullopt);
  limit.note(kStart);
  limit.note(kStart);
  EXPECT_EQ(limit.take_rest(), 1U);
}

}  // namespace
}  // namespace echo
