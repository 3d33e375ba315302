#include "echo/base/time.h"

#include <gtest/gtest.h>

namespace echo {
namespace {

TEST(MaxDuration, CanBeAddedToAnyTimeThereIs) {
  const Time now = Clock::now();
  EXPECT_GT(now + kMaxDuration, now);
}

}  // namespace
}  // namespace echo
