#include "echo/loop/quiet_set.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <new>
#include <set>
#include <vector>

#include "echo/os/fd_set.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/failing_allocations.h"
#include "support/signal_queue.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using test::make_socket_pair;
using test::SocketPair;

constexpr std::size_t kSilent = QuietSet::kFewQuiet;

// Plays the calls of select(). The first of many descriptors is ready in each, and no other.
class QuietSetTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::allow_signals(100)) GTEST_SKIP() << test::kFewSignals;
    for (std::size_t i = 0; i <= kSilent; ++i) add_one();
    ready_.insert(fd(0));
  }

  int add_one() {
    pairs_.push_back(make_socket_pair());
    const int fd = pairs_.back().ours.get();
    quiet_set_.reserve(fd + 1);
    quiet_set_.add(fd);
    return fd;
  }

  int fd(std::size_t number) const { return pairs_[number].ours.get(); }
  void speak(std::size_t number) const { send(pairs_[number].theirs.get(), "x"); }
  bool is_quiet(std::size_t number) const { return quiet_set_.quiet().contains(fd(number)); }

  void call() {
    quiet_set_.prepare();
    quiet_set_.note(ready_, none_, none_);
  }

  void call_often() {
    for (int i = 0; i < 100; ++i) call();
  }

  // To where the next call has some on trial.
  void call_until_trial() {
    for (int i = 0; i < 100 && !quiet_set_.has_trial(); ++i) {
      quiet_set_.note(ready_, none_, none_);
      quiet_set_.prepare();
    }
    ASSERT_TRUE(quiet_set_.has_trial());
  }

  std::vector<SocketPair> pairs_;
  QuietSet quiet_set_;
  FdSet ready_;
  const FdSet none_{};
};

TEST_F(QuietSetTest, MakesThoseQuietThatAreNotReadyWhileOthersAre) {
  call_often();
  EXPECT_FALSE(is_quiet(0));
  EXPECT_EQ(quiet_set_.quiet().size(), kSilent);
}

TEST_F(QuietSetTest, LeavesFewAsTheyAre) {
  quiet_set_.forget(fd(1));
  call_often();
  EXPECT_FALSE(quiet_set_.has_quiet());
}

TEST_F(QuietSetTest, AddsSomeToThoseThatAreQuietAlready) {
  call_often();
  for (std::size_t i = 0; i < QuietSet::kFewMore; ++i) add_one();
  call_often();
  EXPECT_EQ(quiet_set_.quiet().size(), kSilent + QuietSet::kFewMore);
}

TEST_F(QuietSetTest, TriesThemOnceMoreBeforeTheyAreQuiet) {
  call_until_trial();
  EXPECT_FALSE(quiet_set_.has_quiet());
  quiet_set_.note(ready_, none_, none_);
  EXPECT_FALSE(quiet_set_.has_trial());
  EXPECT_EQ(quiet_set_.quiet().size(), kSilent);
}

TEST_F(QuietSetTest, LeavesOneActiveThatIsReadyAtItsTrial) {
  FdSet writable;
  FdSet exceptional;
  call_until_trial();
  ready_.insert(fd(1));
  writable.insert(fd(2));
  exceptional.insert(fd(3));
  quiet_set_.note(ready_, writable, exceptional);
  for (const std::size_t number : {1UL, 2UL, 3UL}) EXPECT_FALSE(is_quiet(number)) << number;
  EXPECT_TRUE(is_quiet(4));
}

TEST_F(QuietSetTest, TriesABoundedNumberInOneCall) {
  while (pairs_.size() < QuietSet::kMaxOnTrial + 50) add_one();
  call_until_trial();
  quiet_set_.note(ready_, none_, none_);
  EXPECT_EQ(quiet_set_.quiet().size(), QuietSet::kMaxOnTrial);
  call_often();
  EXPECT_EQ(quiet_set_.quiet().size(), pairs_.size() - 1);
}

TEST_F(QuietSetTest, MakesOneActiveOnWhichSomethingHappens) {
  call_often();
  speak(5);
  ASSERT_TRUE(test::wait_readable(quiet_set_.events_fd()));
  quiet_set_.take_events();
  EXPECT_FALSE(is_quiet(5));
  EXPECT_TRUE(is_quiet(6));
}

TEST_F(QuietSetTest, MakesOneActiveThatIsAdded) {
  call_often();
  quiet_set_.add(fd(5));
  EXPECT_FALSE(is_quiet(5));
  EXPECT_TRUE(is_quiet(6));
}

TEST_F(QuietSetTest, MakesThemQuietAgain) {
  call_often();
  for (std::size_t number = 1; number <= QuietSet::kFewMore; ++number) quiet_set_.add(fd(number));
  ASSERT_FALSE(is_quiet(1));
  call_often();
  EXPECT_EQ(quiet_set_.quiet().size(), kSilent);
}

// Though others that are armed were not told of.
TEST_F(QuietSetTest, TriesEachAgainAfterEventsWereLost) {
  call_often();
  const test::LimitedSignalQueue queue(1);
  for (std::size_t number = 1; number <= kSilent; ++number) speak(number);
  quiet_set_.take_events();
  quiet_set_.prepare();
  EXPECT_TRUE(quiet_set_.has_trial());
  for (std::size_t number = 1; number <= kSilent; ++number) {
    EXPECT_FALSE(is_quiet(number)) << number;
    ready_.insert(fd(number));
  }
  quiet_set_.note(ready_, none_, none_);
  EXPECT_FALSE(quiet_set_.has_quiet());
}

// It may have been among those that were lost.
TEST_F(QuietSetTest, TriesOneAgainThatWasOnTrialWhenEventsWereLost) {
  call_until_trial();
  const test::LimitedSignalQueue queue(0);
  speak(1);
  quiet_set_.take_events();
  quiet_set_.note(ready_, none_, none_);
  ASSERT_TRUE(is_quiet(1));
  quiet_set_.prepare();
  EXPECT_TRUE(quiet_set_.has_trial());
  EXPECT_FALSE(is_quiet(1));
}

TEST_F(QuietSetTest, TriesEachInItsTurnThoughEventsAreLostAgainAndAgain) {
  while (pairs_.size() < 3 * QuietSet::kMaxOnTrial) add_one();
  call_often();
  ASSERT_EQ(quiet_set_.quiet().size(), pairs_.size() - 1);
  const test::LimitedSignalQueue queue(0);
  std::set<std::size_t> tried;
  for (int turn = 0; turn < 3; ++turn) {
    speak(1);
    quiet_set_.take_events();
    quiet_set_.prepare();
    for (std::size_t number = 1; number < pairs_.size(); ++number) {
      if (!is_quiet(number)) tried.insert(number);
    }
    quiet_set_.note(ready_, none_, none_);
  }
  EXPECT_EQ(tried.size(), pairs_.size() - 1);
}

TEST_F(QuietSetTest, HearsNoMoreOfOneThatIsActiveAgain) {
  call_often();
  quiet_set_.add(fd(5));
  speak(5);
  EXPECT_FALSE(test::is_readable(quiet_set_.events_fd()));
}

TEST_F(QuietSetTest, DoesNotTryOneThatIsReadyMeanwhile) {
  while (pairs_.size() < 10 + QuietSet::kMaxOnTrial) add_one();
  call_until_trial();
  // Some more than one call tries are still to come, this one among them.
  const std::size_t last = pairs_.size() - 1;
  ready_.insert(fd(last));
  quiet_set_.note(ready_, none_, none_);
  ready_.erase(fd(last));
  for (int i = 0; i < 3; ++i) call();
  EXPECT_FALSE(is_quiet(last));
  EXPECT_TRUE(is_quiet(last - 1));
}

TEST_F(QuietSetTest, LeavesThoseActiveThatTheSystemDoesNotTellOf) {
  const UniqueFd file(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  quiet_set_.reserve(file.get() + 1);
  quiet_set_.add(file.get());
  call_often();
  EXPECT_FALSE(quiet_set_.quiet().contains(file.get()));
  EXPECT_EQ(quiet_set_.quiet().size(), kSilent);
}

// Whichever of its sets was the last to grow.
TEST_F(QuietSetTest, GoesOnThoughMemoryEndsWhileItsSetsGrow) {
  bool any_failed = true;
  for (std::size_t successes = 0; any_failed; ++successes) {
    try {
      const test::FailingAllocations failing(successes);
      any_failed = false;
      quiet_set_.reserve(fd(kSilent) + static_cast<int>(successes + 1) * FdSet::kWordBits);
    } catch (const std::bad_alloc&) {
      any_failed = true;
    }
    const test::FailingAllocations failing(0);
    for (std::size_t number = 1; number <= kSilent; ++number) quiet_set_.add(fd(number));
    call_often();
    ASSERT_EQ(quiet_set_.quiet().size(), kSilent);
    const test::LimitedSignalQueue queue(0);
    speak(1);
    quiet_set_.take_events();
    call();
  }
}

TEST_F(QuietSetTest, ForgetsAQuietOne) {
  call_often();
  for (std::size_t number = 1; number <= kSilent; ++number) quiet_set_.forget(fd(number));
  EXPECT_FALSE(quiet_set_.has_quiet());
  EXPECT_TRUE(quiet_set_.quiet().empty());
}

TEST_F(QuietSetTest, ForgetsOneOnTrial) {
  call_until_trial();
  for (std::size_t number = 1; number <= kSilent; ++number) quiet_set_.forget(fd(number));
  EXPECT_FALSE(quiet_set_.has_trial());
  quiet_set_.note(ready_, none_, none_);
  EXPECT_FALSE(quiet_set_.has_quiet());
}

TEST_F(QuietSetTest, LeavesOutOneOfWhichNothingIsExpected) {
  quiet_set_.remove(fd(1));
  add_one();
  call_often();
  EXPECT_FALSE(is_quiet(1));
  EXPECT_EQ(quiet_set_.quiet().size(), kSilent);
}

TEST_F(QuietSetTest, KeepsOneActiveThatIsToStaySo) {
  quiet_set_.keep_active(fd(1));
  add_one();
  call_often();
  EXPECT_FALSE(is_quiet(1));
  EXPECT_EQ(quiet_set_.quiet().size(), kSilent);
}

// As a listener is, while accepting pauses.
TEST_F(QuietSetTest, KeepsItActiveThoughNothingWasExpectedOfItMeanwhile) {
  quiet_set_.keep_active(fd(1));
  quiet_set_.remove(fd(1));
  call_often();
  quiet_set_.add(fd(1));
  add_one();
  call_often();
  EXPECT_FALSE(is_quiet(1));
  EXPECT_EQ(quiet_set_.quiet().size(), kSilent);
}

}  // namespace
}  // namespace echo
