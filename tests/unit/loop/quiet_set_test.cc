#include "echo/loop/quiet_set.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <new>
#include <set>
#include <utility>
#include <vector>

#include "echo/os/fd_set.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/failing_allocations.h"
#include "support/program.h"
#include "support/signal_queue.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using test::make_socket_pair;
using test::SocketPair;

constexpr std::size_t kSilent = QuietSet::kFewIdle;
constexpr const char* kFewDescriptors = "the hard limit of descriptors (ulimit -Hn) is too low";

// Simulates calls to select() on many descriptors. Only the first descriptor is ready.
class QuietSetTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::allow_signals(100)) GTEST_SKIP() << test::kFewSignals;
    for (std::size_t i = 0; i <= kSilent; ++i) add_one();
    ready_.insert(fd(0));
    readable_.reserve(4096);
  }

  int add_one() {
    pairs_.push_back(make_socket_pair());
    const int fd = pairs_.back().ours.get();
    quiet_set_.reserve(fd + 1);
    quiet_set_.add(fd);
    return fd;
  }

  int fd(std::size_t number) const { return pairs_[number].ours.get(); }
  void make_readable(std::size_t number) const { send(pairs_[number].theirs.get(), "x"); }
  bool is_idle(std::size_t number) const { return quiet_set_.idle().contains(fd(number)); }

  void prepare() {
    quiet_set_.begin_call();
    quiet_set_.copy_active(ready_, readable_);
    quiet_set_.add_events(readable_);
  }

  // Passes the results of the call, and events if `has_events`.
  void note(bool has_events = false) { note({}, {}, has_events); }
  void note(const FdSet& writable, const FdSet& exceptional, bool has_events = false) {
    readable_ = ready_;
    if (has_events) readable_.insert(quiet_set_.events_fd());
    quiet_set_.note(static_cast<int>(readable_.size()), readable_, writable, exceptional);
  }
  void take_events() { note(true); }

  void call() {
    prepare();
    note();
  }

  void call_often() {
    for (int i = 0; i < 100; ++i) call();
  }

  // Delivers an event to an idle descriptor.
  void wake(std::size_t number) {
    make_readable(number);
    ASSERT_TRUE(test::wait_readable(quiet_set_.events_fd()));
    take_events();
    ASSERT_FALSE(is_idle(number));
  }

  // True if the kernel reports events on the descriptor. It must not have unread events.
  bool is_armed(std::size_t number) const {
    make_readable(number);
    return test::is_readable(quiet_set_.events_fd());
  }

  // Stops when the next call probes candidates.
  void call_until_probe() {
    for (int i = 0; i < 100 && quiet_set_.probing().empty(); ++i) {
      note();
      prepare();
    }
    ASSERT_FALSE(quiet_set_.probing().empty());
  }

  virtual int renumber(int fd, int /*at_least*/) { return fd; }

  std::vector<SocketPair> pairs_;
  QuietSet quiet_set_{true, [this](int fd, int at_least) { return renumber(fd, at_least); }};
  FdSet ready_;
  FdSet readable_;
};

TEST_F(QuietSetTest, CopiesNoMoreThanTheActiveDescriptors) {
  call_often();
  EXPECT_EQ(quiet_set_.active_end(), fd(0) + 1);
}

TEST_F(QuietSetTest, MakesUnreadyDescriptorsIdle) {
  call_often();
  EXPECT_FALSE(is_idle(0));
  EXPECT_EQ(quiet_set_.idle().size(), kSilent);
}

TEST_F(QuietSetTest, KeepsAFewDescriptorsActive) {
  quiet_set_.forget(fd(1));
  call_often();
  EXPECT_TRUE(quiet_set_.idle().empty());
}

TEST_F(QuietSetTest, MakesLaterDescriptorsIdle) {
  call_often();
  for (std::size_t i = 0; i < QuietSet::kFewMore; ++i) add_one();
  call_often();
  EXPECT_EQ(quiet_set_.idle().size(), kSilent + QuietSet::kFewMore);
}

TEST_F(QuietSetTest, ProbesDescriptorsBeforeTheyAreIdle) {
  call_until_probe();
  EXPECT_TRUE(quiet_set_.idle().empty());
  note();
  EXPECT_TRUE(quiet_set_.probing().empty());
  EXPECT_EQ(quiet_set_.idle().size(), kSilent);
}

TEST_F(QuietSetTest, KeepsActiveIfReadyWhenProbed) {
  FdSet writable;
  FdSet exceptional;
  call_until_probe();
  ready_.insert(fd(1));
  writable.insert(fd(2));
  exceptional.insert(fd(3));
  note(writable, exceptional);
  for (const std::size_t number : {1UL, 2UL, 3UL}) EXPECT_FALSE(is_idle(number)) << number;
  EXPECT_TRUE(is_idle(4));
}

TEST_F(QuietSetTest, ProbesABoundedNumberPerCall) {
  while (pairs_.size() < QuietSet::kMaxChanges + 50) add_one();
  call_until_probe();
  note();
  EXPECT_EQ(quiet_set_.idle().size(), QuietSet::kMaxChanges);
  call_often();
  EXPECT_EQ(quiet_set_.idle().size(), pairs_.size() - 1);
}

TEST_F(QuietSetTest, ProbesADescriptorOnAnEvent) {
  call_often();
  wake(5);
  EXPECT_TRUE(is_idle(6));
}

TEST_F(QuietSetTest, MakesADescriptorIdleAfterItsFirstUnreadyCall) {
  call_often();
  wake(5);
  ready_.insert(fd(5));
  call();
  EXPECT_FALSE(is_idle(5));
  ready_.erase(fd(5));
  call();
  EXPECT_TRUE(is_idle(5));
}

// The last byte may arrive after select() has checked the descriptor. Its event is in the queue by
// the time that the results are evaluated.
TEST_F(QuietSetTest, ProbesAgainIfAnEventArrivesDuringAProbe) {
  call_often();
  wake(5);
  make_readable(5);
  prepare();
  take_events();
  EXPECT_FALSE(is_idle(5));
}

TEST_F(QuietSetTest, StaysArmedIfReadyNowAndThen) {
  call_often();
  for (int i = 0; i < 10; ++i) {
    wake(5);
    ready_.insert(fd(5));
    call();
    ready_.erase(fd(5));
    call_often();
  }
  EXPECT_TRUE(is_idle(5));
  EXPECT_TRUE(is_armed(5));
}

TEST_F(QuietSetTest, DisarmsADescriptorReadyInTwoPeriodsInARow) {
  call_often();
  wake(5);
  ready_.insert(fd(5));
  for (int i = 0; i < QuietSet::kCallsPerPeriod; ++i) call();
  EXPECT_TRUE(is_armed(5));
  for (int i = 0; i < 2 * QuietSet::kCallsPerPeriod; ++i) call();
  take_events();
  EXPECT_FALSE(is_armed(5));
  EXPECT_FALSE(is_idle(5));
}

// Each message wakes it, so it is idle in between.
TEST_F(QuietSetTest, DisarmsADescriptorReadyInEverySecondCall) {
  call_often();
  int woken = 0;
  for (; woken < 2 * QuietSet::kCallsPerPeriod && is_armed(5); ++woken) {
    take_events();
    ready_.insert(fd(5));
    call();
    ready_.erase(fd(5));
    call();
  }
  EXPECT_GT(woken, 1);
  EXPECT_FALSE(is_armed(5));
}

// Such as a connection that is not read, because its queue is full.
TEST_F(QuietSetTest, DisarmsADescriptorWithEventsThatIsNeverReady) {
  call_often();
  for (int i = 0; i < 3 * QuietSet::kCallsPerPeriod; ++i) {
    make_readable(5);
    take_events();
    call();
  }
  EXPECT_FALSE(is_armed(5));
}

TEST_F(QuietSetTest, ActivatesADescriptorThatIsAdded) {
  call_often();
  quiet_set_.add(fd(5));
  EXPECT_FALSE(is_idle(5));
  EXPECT_TRUE(is_idle(6));
}

TEST_F(QuietSetTest, MakesActivatedDescriptorsIdleAgain) {
  call_often();
  for (std::size_t number = 1; number <= QuietSet::kFewMore; ++number) quiet_set_.add(fd(number));
  ASSERT_FALSE(is_idle(1));
  call_often();
  EXPECT_EQ(quiet_set_.idle().size(), kSilent);
}

// A lost event can concern any idle descriptor.
TEST_F(QuietSetTest, ProbesAllIdleDescriptorsAfterLostEvents) {
  call_often();
  const test::LimitedSignalQueue queue(1);
  for (std::size_t number = 1; number <= kSilent; ++number) make_readable(number);
  take_events();
  prepare();
  EXPECT_FALSE(quiet_set_.probing().empty());
  for (std::size_t number = 1; number <= kSilent; ++number) {
    EXPECT_FALSE(is_idle(number)) << number;
    ready_.insert(fd(number));
  }
  note();
  EXPECT_TRUE(quiet_set_.idle().empty());
}

// The lost events may include one on this descriptor.
TEST_F(QuietSetTest, RepeatsAProbeIfEventsWereLost) {
  call_until_probe();
  const test::LimitedSignalQueue queue(0);
  make_readable(1);
  take_events();
  ASSERT_TRUE(is_idle(1));
  prepare();
  EXPECT_FALSE(quiet_set_.probing().empty());
  EXPECT_FALSE(is_idle(1));
}

TEST_F(QuietSetTest, ProbesAllInTurnDuringRepeatedLosses) {
  if (!test::allow_descriptors(8 * QuietSet::kMaxChanges)) GTEST_SKIP() << kFewDescriptors;
  while (pairs_.size() < 3 * QuietSet::kMaxChanges) add_one();
  call_often();
  ASSERT_EQ(quiet_set_.idle().size(), pairs_.size() - 1);
  const test::LimitedSignalQueue queue(0);
  std::set<std::size_t> probed;
  for (int turn = 0; turn < 3; ++turn) {
    make_readable(1);
    take_events();
    prepare();
    for (std::size_t number = 1; number < pairs_.size(); ++number) {
      if (!is_idle(number)) probed.insert(number);
    }
    note();
  }
  EXPECT_EQ(probed.size(), pairs_.size() - 1);
}

TEST_F(QuietSetTest, DisarmsADescriptorThatIsRemoved) {
  call_often();
  quiet_set_.remove(fd(5));
  EXPECT_FALSE(is_armed(5));
}

TEST_F(QuietSetTest, SkipsTheProbeIfReadyMeanwhile) {
  while (pairs_.size() < 10 + QuietSet::kMaxChanges) add_one();
  call_until_probe();
  // One call cannot probe all candidates, so the last one waits for a later call.
  const std::size_t last = pairs_.size() - 1;
  ready_.insert(fd(last));
  note();
  ready_.erase(fd(last));
  for (int i = 0; i < 3; ++i) call();
  EXPECT_FALSE(is_idle(last));
  EXPECT_TRUE(is_idle(last - 1));
}

TEST_F(QuietSetTest, KeepsDescriptorsWithoutEventsActive) {
  const UniqueFd file(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  quiet_set_.reserve(file.get() + 1);
  quiet_set_.add(file.get());
  call_often();
  EXPECT_FALSE(quiet_set_.idle().contains(file.get()));
  EXPECT_EQ(quiet_set_.idle().size(), kSilent);
}

// Fails each allocation of reserve() in turn.
TEST_F(QuietSetTest, SurvivesAnAllocationFailureInReserve) {
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
    ASSERT_EQ(quiet_set_.idle().size(), kSilent);
    const test::LimitedSignalQueue queue(0);
    make_readable(1);
    take_events();
    call();
  }
}

TEST_F(QuietSetTest, ForgetsIdleDescriptors) {
  call_often();
  for (std::size_t number = 1; number <= kSilent; ++number) quiet_set_.forget(fd(number));
  EXPECT_TRUE(quiet_set_.idle().empty());
}

TEST_F(QuietSetTest, ForgetsDescriptorsDuringAProbe) {
  call_until_probe();
  for (std::size_t number = 1; number <= kSilent; ++number) quiet_set_.forget(fd(number));
  EXPECT_TRUE(quiet_set_.probing().empty());
  note();
  EXPECT_TRUE(quiet_set_.idle().empty());
}

TEST_F(QuietSetTest, IgnoresARemovedDescriptor) {
  quiet_set_.remove(fd(1));
  add_one();
  call_often();
  EXPECT_FALSE(is_idle(1));
  EXPECT_EQ(quiet_set_.idle().size(), kSilent);
}

TEST_F(QuietSetTest, KeepsADescriptorActiveOnRequest) {
  quiet_set_.keep_active(fd(1));
  add_one();
  call_often();
  EXPECT_FALSE(is_idle(1));
  EXPECT_EQ(quiet_set_.idle().size(), kSilent);
}

// One of these calls chooses candidates, so that keep_active() meets descriptors in every state.
TEST_F(QuietSetTest, KeepsADescriptorActiveFromAnyState) {
  constexpr std::size_t kKept = 2 * kSilent;
  for (std::size_t i = 0; i < kKept; ++i) add_one();
  for (std::size_t number = 1; number <= kKept; ++number) {
    note();
    quiet_set_.keep_active(fd(number));
    prepare();
  }
  call_often();
  for (std::size_t number = 1; number <= kKept; ++number) EXPECT_FALSE(is_idle(number)) << number;
  EXPECT_EQ(quiet_set_.idle().size(), kSilent);
}

// A paused listener is removed and added again in this way.
TEST_F(QuietSetTest, KeepsADescriptorActiveAfterARemoval) {
  quiet_set_.keep_active(fd(1));
  quiet_set_.remove(fd(1));
  call_often();
  quiet_set_.add(fd(1));
  add_one();
  call_often();
  EXPECT_FALSE(is_idle(1));
  EXPECT_EQ(quiet_set_.idle().size(), kSilent);
}

// The owner gives its descriptors other numbers on request.
class RenumberedQuietSet : public QuietSetTest {
 protected:
  void SetUp() override {
    QuietSetTest::SetUp();
    if (!test::allow_descriptors(3UL * QuietSet::kFirstIdle)) GTEST_SKIP() << kFewDescriptors;
    quiet_set_.reserve(3 * QuietSet::kFirstIdle);
  }

  int renumber(int fd, int at_least) override {
    ++requests_[fd];
    if (is_denied_) return fd;
    const auto pair = std::find_if(pairs_.begin(), pairs_.end(),
                                   [fd](const auto& each) { return each.ours.get() == fd; });
    pair->ours = UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, at_least));
    ready_.replace(fd, pair->ours.get());
    quiet_set_.replace(fd, pair->ours.get());
    return pair->ours.get();
  }

  bool is_denied_ = false;
  std::map<int, int> requests_;
};

TEST_F(RenumberedQuietSet, GivesIdleDescriptorsHighNumbers) {
  call_often();
  EXPECT_LT(fd(0), QuietSet::kFirstIdle);
  for (std::size_t number = 1; number <= kSilent; ++number) {
    EXPECT_GE(fd(number), QuietSet::kFirstIdle);
    EXPECT_TRUE(is_idle(number)) << number;
  }
}

TEST_F(RenumberedQuietSet, WakesADescriptorWithAHighNumber) {
  call_often();
  ASSERT_GE(fd(5), QuietSet::kFirstIdle);
  wake(5);
  EXPECT_TRUE(is_idle(6));
}

TEST_F(RenumberedQuietSet, GivesADescriptorThatIsBusyAgainALowNumber) {
  call_often();
  wake(5);
  ready_.insert(fd(5));
  call_often();
  EXPECT_LT(fd(5), QuietSet::kFirstIdle);
  EXPECT_FALSE(is_idle(5));
  EXPECT_FALSE(is_armed(5));
}

TEST_F(RenumberedQuietSet, GivesADescriptorThatWasNeverIdleALowNumber) {
  UniqueFd high(::fcntl(fd(0), F_DUPFD_CLOEXEC, QuietSet::kFirstIdle));
  ASSERT_TRUE(high);
  quiet_set_.forget(fd(0));
  ready_.replace(fd(0), high.get());
  pairs_[0].ours = std::move(high);
  quiet_set_.add(fd(0));
  call_often();
  EXPECT_LT(fd(0), QuietSet::kFirstIdle);
}

TEST_F(RenumberedQuietSet, KeepsNumbersThatCannotChange) {
  is_denied_ = true;
  const int before = fd(1);
  call_often();
  EXPECT_EQ(fd(1), before);
  EXPECT_EQ(quiet_set_.idle().size(), kSilent);
  wake(1);
  ready_.insert(fd(1));
  call_often();
  EXPECT_FALSE(is_armed(1));
}

TEST_F(RenumberedQuietSet, LeavesADescriptorThatIsAlwaysActive) {
  UniqueFd high(::fcntl(fd(0), F_DUPFD_CLOEXEC, QuietSet::kFirstIdle));
  const int number = high.get();
  quiet_set_.add(number);
  quiet_set_.keep_active(number);
  ready_.insert(number);
  call_often();
  EXPECT_EQ(quiet_set_.idle().size(), kSilent);
  EXPECT_EQ(requests_[number], 0);
}

TEST_F(RenumberedQuietSet, AsksForALowNumberOnlyOnceIfNoneIsFree) {
  UniqueFd high(::fcntl(fd(0), F_DUPFD_CLOEXEC, QuietSet::kFirstIdle));
  quiet_set_.forget(fd(0));
  ready_.replace(fd(0), high.get());
  pairs_[0].ours = std::move(high);
  quiet_set_.add(fd(0));
  is_denied_ = true;
  for (int i = 0; i < 10; ++i) call_often();
  EXPECT_EQ(requests_[fd(0)], 1);
}

TEST_F(RenumberedQuietSet, LeavesADescriptorWithoutEventsALowNumber) {
  pairs_.push_back(
      {.ours = UniqueFd(::open("/proc/self/status", O_RDONLY | O_CLOEXEC)), .theirs = {}});
  const std::size_t number = pairs_.size() - 1;
  quiet_set_.add(fd(number));
  call_often();
  EXPECT_EQ(requests_[fd(number)], 1);
  EXPECT_LT(fd(number), QuietSet::kFirstIdle);
  EXPECT_FALSE(is_idle(number));
}

}  // namespace
}  // namespace echo
