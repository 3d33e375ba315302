#include "echo/tiers.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <new>
#include <set>
#include <vector>

#include "echo/fd_set.h"
#include "echo/socket.h"
#include "echo/unique_fd.h"
#include "support/failing_allocations.h"
#include "support/signal_queue.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using testing::make_socket_pair;
using testing::SocketPair;

constexpr std::size_t kSilent = Tiers::kFewQuiet;

// Plays the calls of select(). The first of many descriptors is ready in each, and no other.
class TiersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::allow_signals(100)) GTEST_SKIP() << testing::kFewSignals;
    for (std::size_t i = 0; i <= kSilent; ++i) add_one();
    ready_.insert(fd(0));
  }

  int add_one() {
    pairs_.push_back(make_socket_pair());
    const int fd = pairs_.back().ours.get();
    tiers_.reserve(fd + 1);
    tiers_.add(fd);
    return fd;
  }

  int fd(std::size_t number) const { return pairs_[number].ours.get(); }
  void speak(std::size_t number) const { send(pairs_[number].theirs.get(), "x"); }
  bool is_quiet(std::size_t number) const { return tiers_.quiet().contains(fd(number)); }

  void call() {
    tiers_.prepare();
    tiers_.note(ready_, none_, none_);
  }

  void call_often() {
    for (int i = 0; i < 100; ++i) call();
  }

  // To where the next call has some on trial.
  void call_until_trial() {
    for (int i = 0; i < 100 && !tiers_.has_trial(); ++i) {
      tiers_.note(ready_, none_, none_);
      tiers_.prepare();
    }
    ASSERT_TRUE(tiers_.has_trial());
  }

  std::vector<SocketPair> pairs_;
  Tiers tiers_;
  FdSet ready_;
  const FdSet none_{};
};

TEST_F(TiersTest, MakesThoseQuietThatAreNotReadyWhileOthersAre) {
  call_often();
  EXPECT_FALSE(is_quiet(0));
  EXPECT_EQ(tiers_.quiet().size(), kSilent);
}

TEST_F(TiersTest, LeavesFewAsTheyAre) {
  tiers_.forget(fd(1));
  call_often();
  EXPECT_FALSE(tiers_.has_quiet());
}

TEST_F(TiersTest, AddsSomeToThoseThatAreQuietAlready) {
  call_often();
  for (std::size_t i = 0; i < Tiers::kFewMore; ++i) add_one();
  call_often();
  EXPECT_EQ(tiers_.quiet().size(), kSilent + Tiers::kFewMore);
}

TEST_F(TiersTest, TriesThemOnceMoreBeforeTheyAreQuiet) {
  call_until_trial();
  EXPECT_FALSE(tiers_.has_quiet());
  tiers_.note(ready_, none_, none_);
  EXPECT_FALSE(tiers_.has_trial());
  EXPECT_EQ(tiers_.quiet().size(), kSilent);
}

TEST_F(TiersTest, LeavesOneActiveThatIsReadyAtItsTrial) {
  FdSet writable;
  FdSet exceptional;
  call_until_trial();
  ready_.insert(fd(1));
  writable.insert(fd(2));
  exceptional.insert(fd(3));
  tiers_.note(ready_, writable, exceptional);
  for (const std::size_t number : {1UL, 2UL, 3UL}) EXPECT_FALSE(is_quiet(number)) << number;
  EXPECT_TRUE(is_quiet(4));
}

TEST_F(TiersTest, TriesABoundedNumberInOneCall) {
  while (pairs_.size() < Tiers::kMostOnTrial + 50) add_one();
  call_until_trial();
  tiers_.note(ready_, none_, none_);
  EXPECT_EQ(tiers_.quiet().size(), Tiers::kMostOnTrial);
  call_often();
  EXPECT_EQ(tiers_.quiet().size(), pairs_.size() - 1);
}

TEST_F(TiersTest, MakesOneActiveOnWhichSomethingHappens) {
  call_often();
  speak(5);
  ASSERT_TRUE(testing::wait_readable(tiers_.events_fd()));
  tiers_.take_events();
  EXPECT_FALSE(is_quiet(5));
  EXPECT_TRUE(is_quiet(6));
}

TEST_F(TiersTest, MakesOneActiveThatIsAdded) {
  call_often();
  tiers_.add(fd(5));
  EXPECT_FALSE(is_quiet(5));
  EXPECT_TRUE(is_quiet(6));
}

TEST_F(TiersTest, MakesThemQuietAgain) {
  call_often();
  for (std::size_t number = 1; number <= Tiers::kFewMore; ++number) tiers_.add(fd(number));
  ASSERT_FALSE(is_quiet(1));
  call_often();
  EXPECT_EQ(tiers_.quiet().size(), kSilent);
}

// Though others that are armed were not told of.
TEST_F(TiersTest, TriesEachAgainAfterEventsWereLost) {
  call_often();
  const testing::LimitedSignalQueue queue(1);
  for (std::size_t number = 1; number <= kSilent; ++number) speak(number);
  tiers_.take_events();
  tiers_.prepare();
  EXPECT_TRUE(tiers_.has_trial());
  for (std::size_t number = 1; number <= kSilent; ++number) {
    EXPECT_FALSE(is_quiet(number)) << number;
    ready_.insert(fd(number));
  }
  tiers_.note(ready_, none_, none_);
  EXPECT_FALSE(tiers_.has_quiet());
}

// It may have been among those that were lost.
TEST_F(TiersTest, TriesOneAgainThatWasOnTrialWhenEventsWereLost) {
  call_until_trial();
  const testing::LimitedSignalQueue queue(0);
  speak(1);
  tiers_.take_events();
  tiers_.note(ready_, none_, none_);
  ASSERT_TRUE(is_quiet(1));
  tiers_.prepare();
  EXPECT_TRUE(tiers_.has_trial());
  EXPECT_FALSE(is_quiet(1));
}

TEST_F(TiersTest, TriesEachInItsTurnThoughEventsAreLostAgainAndAgain) {
  while (pairs_.size() < 3 * Tiers::kMostOnTrial) add_one();
  call_often();
  ASSERT_EQ(tiers_.quiet().size(), pairs_.size() - 1);
  const testing::LimitedSignalQueue queue(0);
  std::set<std::size_t> tried;
  for (int turn = 0; turn < 3; ++turn) {
    speak(1);
    tiers_.take_events();
    tiers_.prepare();
    for (std::size_t number = 1; number < pairs_.size(); ++number) {
      if (!is_quiet(number)) tried.insert(number);
    }
    tiers_.note(ready_, none_, none_);
  }
  EXPECT_EQ(tried.size(), pairs_.size() - 1);
}

TEST_F(TiersTest, HearsNoMoreOfOneThatIsActiveAgain) {
  call_often();
  tiers_.add(fd(5));
  speak(5);
  EXPECT_FALSE(testing::is_readable(tiers_.events_fd()));
}

TEST_F(TiersTest, DoesNotTryOneThatIsReadyMeanwhile) {
  while (pairs_.size() < 10 + Tiers::kMostOnTrial) add_one();
  call_until_trial();
  // Some more than one call tries are still to come, this one among them.
  const std::size_t last = pairs_.size() - 1;
  ready_.insert(fd(last));
  tiers_.note(ready_, none_, none_);
  ready_.erase(fd(last));
  for (int i = 0; i < 3; ++i) call();
  EXPECT_FALSE(is_quiet(last));
  EXPECT_TRUE(is_quiet(last - 1));
}

TEST_F(TiersTest, LeavesThoseActiveThatTheSystemDoesNotTellOf) {
  const UniqueFd file(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  tiers_.reserve(file.get() + 1);
  tiers_.add(file.get());
  call_often();
  EXPECT_FALSE(tiers_.quiet().contains(file.get()));
  EXPECT_EQ(tiers_.quiet().size(), kSilent);
}

// Whichever of its sets was the last to grow.
TEST_F(TiersTest, GoesOnThoughMemoryEndsWhileItsSetsGrow) {
  bool any_failed = true;
  for (std::size_t successes = 0; any_failed; ++successes) {
    try {
      const testing::FailingAllocations failing(successes);
      any_failed = false;
      tiers_.reserve(fd(kSilent) + static_cast<int>(successes + 1) * FdSet::kWordBits);
    } catch (const std::bad_alloc&) {
      any_failed = true;
    }
    const testing::FailingAllocations failing(0);
    for (std::size_t number = 1; number <= kSilent; ++number) tiers_.add(fd(number));
    call_often();
    ASSERT_EQ(tiers_.quiet().size(), kSilent);
    const testing::LimitedSignalQueue queue(0);
    speak(1);
    tiers_.take_events();
    call();
  }
}

TEST_F(TiersTest, ForgetsAQuietOne) {
  call_often();
  for (std::size_t number = 1; number <= kSilent; ++number) tiers_.forget(fd(number));
  EXPECT_FALSE(tiers_.has_quiet());
  EXPECT_TRUE(tiers_.quiet().empty());
}

TEST_F(TiersTest, ForgetsOneOnTrial) {
  call_until_trial();
  for (std::size_t number = 1; number <= kSilent; ++number) tiers_.forget(fd(number));
  EXPECT_FALSE(tiers_.has_trial());
  tiers_.note(ready_, none_, none_);
  EXPECT_FALSE(tiers_.has_quiet());
}

TEST_F(TiersTest, LeavesOutOneOfWhichNothingIsExpected) {
  tiers_.remove(fd(1));
  add_one();
  call_often();
  EXPECT_FALSE(is_quiet(1));
  EXPECT_EQ(tiers_.quiet().size(), kSilent);
}

TEST_F(TiersTest, KeepsOneActiveThatIsToStaySo) {
  tiers_.keep_active(fd(1));
  add_one();
  call_often();
  EXPECT_FALSE(is_quiet(1));
  EXPECT_EQ(tiers_.quiet().size(), kSilent);
}

// As a listener is, while accepting pauses.
TEST_F(TiersTest, KeepsItActiveThoughNothingWasExpectedOfItMeanwhile) {
  tiers_.keep_active(fd(1));
  tiers_.remove(fd(1));
  call_often();
  tiers_.add(fd(1));
  add_one();
  call_often();
  EXPECT_FALSE(is_quiet(1));
  EXPECT_EQ(tiers_.quiet().size(), kSilent);
}

}  // namespace
}  // namespace echo
