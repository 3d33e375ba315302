#include "echo/os/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <type_traits>
#include <utility>

namespace echo {
namespace {

// A container that grows moves its elements only if moving cannot throw.
static_assert(std::is_nothrow_move_constructible_v<UniqueFd>);
static_assert(std::is_nothrow_move_assignable_v<UniqueFd>);
static_assert(!std::is_copy_constructible_v<UniqueFd>);
static_assert(!std::is_copy_assignable_v<UniqueFd>);

UniqueFd open_null() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, IsEmptyByDefault) {
  const UniqueFd fd;
  EXPECT_FALSE(fd);
  EXPECT_EQ(fd.get(), -1);
}

TEST(UniqueFd, AcceptsDescriptorZero) {
  UniqueFd fd(0);
  EXPECT_TRUE(fd);
  EXPECT_EQ(fd.release(), 0);
}

TEST(UniqueFd, ClosesOnDestruction) {
  int number = -1;
  {
    const UniqueFd fd = open_null();
    number = fd.get();
    ASSERT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MovesTheDescriptor) {
  UniqueFd from = open_null();
  const int number = from.get();
  const UniqueFd to = std::move(from);
  EXPECT_EQ(to.get(), number);
  EXPECT_EQ(from.get(), -1);  // NOLINT(*-use-after-move,*.Move): must be empty
  EXPECT_TRUE(is_open(number));
}

TEST(UniqueFd, ClosesItsDescriptorOnAssignment) {
  UniqueFd from = open_null();
  UniqueFd to = open_null();
  const int kept = from.get();
  const int closed = to.get();
  to = std::move(from);
  EXPECT_EQ(to.get(), kept);
  EXPECT_TRUE(is_open(kept));
  EXPECT_FALSE(is_open(closed));
}

TEST(UniqueFd, SurvivesSelfAssignment) {
  UniqueFd fd = open_null();
  UniqueFd& same = fd;
  const int number = fd.get();
  fd = std::move(same);
  EXPECT_EQ(fd.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(UniqueFd, LeavesAReleasedDescriptorOpen) {
  UniqueFd fd = open_null();
  const UniqueFd released(fd.release());
  fd.reset();
  EXPECT_TRUE(is_open(released.get()));
}

TEST(UniqueFd, ClosesOnlyOnce) {
  UniqueFd fd = open_null();
  const int number = fd.get();
  fd.reset();
  const UniqueFd successor = open_null();
  ASSERT_EQ(successor.get(), number);
  fd.reset();
  EXPECT_FALSE(fd);
  EXPECT_TRUE(is_open(number));
}

TEST(UniqueFd, PreservesErrnoIfCloseFails) {
  UniqueFd fd = open_null();
  UniqueFd(fd.get()).reset();
  errno = ERANGE;
  fd.reset();
  EXPECT_EQ(errno, ERANGE);
}

}  // namespace
}  // namespace echo
