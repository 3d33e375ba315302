#include "echo/os/processor_wait.h"

#include <gtest/gtest.h>

#include <optional>

#include "support/program.h"

namespace echo {
namespace {

TEST(ProcessorWait, NeverDecreases) {
  const auto before = processor_wait();
  if (!before) GTEST_SKIP() << "the kernel does not report it";
  std::optional<ProcessorWait> after;
  test::wait_until([&] {
    after = processor_wait();
    return after && after->turns > before->turns;
  });
  EXPECT_GE(after->time, before->time);
}

}  // namespace
}  // namespace echo
