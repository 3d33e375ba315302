#include "echo/processor_wait.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace echo {
namespace {

TEST(ProcessorWait, NeverGoesBack) {
  const auto before = processor_wait();
  if (!before) GTEST_SKIP() << "this system does not tell";
  ::usleep(1000);  // After which it takes another turn.
  const auto after = processor_wait();
  ASSERT_TRUE(after);
  EXPECT_GE(after->time, before->time);
  EXPECT_GT(after->turns, before->turns);
}

}  // namespace
}  // namespace echo
