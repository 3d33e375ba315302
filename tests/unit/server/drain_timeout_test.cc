#include "echo/server/drain_timeout.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "echo/base/time.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

constexpr Time kBeginning{};

TEST(DrainTimeoutTest, IsNeverOverBeforeItStarts) {
  DrainTimeout timeout;
  EXPECT_FALSE(timeout.is_running());
  EXPECT_FALSE(timeout.is_over(kBeginning + 1h, true));
  EXPECT_EQ(timeout.next_deadline(), std::nullopt);
}

TEST(DrainTimeoutTest, AllowsOneMoreTurnAfterTheDeadline) {
  DrainTimeout timeout;
  timeout.start(kBeginning, 5s);
  EXPECT_EQ(timeout.next_deadline(), kBeginning + 5s);
  EXPECT_FALSE(timeout.is_over(kBeginning + 5s - 1ns, true));
  EXPECT_FALSE(timeout.is_over(kBeginning + 5s, true));
  EXPECT_TRUE(timeout.is_over(kBeginning + 5s, true));
}

TEST(DrainTimeoutTest, BoundsTheTurnsWhileDescriptorsAreReady) {
  DrainTimeout timeout;
  timeout.start(kBeginning, 0s);
  for (int i = 0; i < DrainTimeout::kMaxLateTurns; ++i) {
    EXPECT_FALSE(timeout.is_over(kBeginning, false)) << i;
  }
  EXPECT_TRUE(timeout.is_over(kBeginning, false));
}

TEST(DrainTimeoutTest, ExtendsTheDeadlineByTheLoopsDelay) {
  DrainTimeout timeout;
  timeout.start(kBeginning, 5s);
  EXPECT_FALSE(timeout.is_over(kBeginning + 5s + 20ms, true));
  EXPECT_EQ(timeout.next_deadline(), kBeginning + 5s + 40ms);
  EXPECT_FALSE(timeout.is_over(kBeginning + 5s + 39ms, true));
  EXPECT_TRUE(timeout.is_over(kBeginning + 5s + 40ms, true));
}

TEST(DrainTimeoutTest, ExtendsTheDeadlineByABoundedTime) {
  DrainTimeout timeout;
  timeout.start(kBeginning, 5s);
  EXPECT_FALSE(timeout.is_over(kBeginning + 1h, true));
  EXPECT_EQ(timeout.next_deadline(), kBeginning + 1h + DrainTimeout::kMaxLateWait);
}

}  // namespace
}  // namespace echo
