#include "echo/server/drain_timeout.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "echo/base/time.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{};

TEST(DrainTimeoutTest, IsNeverOverBeforeItRuns) {
  DrainTimeout timeout;
  EXPECT_FALSE(timeout.is_running());
  EXPECT_FALSE(timeout.is_over(kStart + 1h, true));
  EXPECT_EQ(timeout.next_deadline(), std::nullopt);
}

TEST(DrainTimeoutTest, TakesOneTurnMoreAfterTheDeadline) {
  DrainTimeout timeout;
  timeout.start(kStart, 5s);
  EXPECT_EQ(timeout.next_deadline(), kStart + 5s);
  EXPECT_FALSE(timeout.is_over(kStart + 5s - 1ns, true));
  EXPECT_FALSE(timeout.is_over(kStart + 5s, true));
  EXPECT_TRUE(timeout.is_over(kStart + 5s, true));
}

TEST(DrainTimeoutTest, TakesSomeTurnsMoreWhileSelectFindsSomething) {
  DrainTimeout timeout;
  timeout.start(kStart, 0s);
  for (int i = 0; i < DrainTimeout::kMaxLateTurns; ++i) {
    EXPECT_FALSE(timeout.is_over(kStart, false)) << i;
  }
  EXPECT_TRUE(timeout.is_over(kStart, false));
}

TEST(DrainTimeoutTest, GivesPeersTheTimeByWhichTheLoopWasLate) {
  DrainTimeout timeout;
  timeout.start(kStart, 5s);
  EXPECT_FALSE(timeout.is_over(kStart + 5s + 20ms, true));
  EXPECT_EQ(timeout.next_deadline(), kStart + 5s + 40ms);
  EXPECT_FALSE(timeout.is_over(kStart + 5s + 39ms, true));
  EXPECT_TRUE(timeout.is_over(kStart + 5s + 40ms, true));
}

TEST(DrainTimeoutTest, GivesPeersABoundedTime) {
  DrainTimeout timeout;
  timeout.start(kStart, 5s);
  EXPECT_FALSE(timeout.is_over(kStart + 1h, true));
  EXPECT_EQ(timeout.next_deadline(), kStart + 1h + DrainTimeout::kMaxLateWait);
}

}  // namespace
}  // namespace echo
