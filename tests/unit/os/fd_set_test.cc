#include "echo/os/fd_set.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/select.h>

#include <climits>
#include <initializer_list>
#include <random>
#include <set>

#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/failing_allocations.h"
#include "support/members.h"
#include "support/program.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using test::Fds;
using test::members;

FdSet set_of(std::initializer_list<int> fds) {
  FdSet set;
  for (const int fd : fds) set.insert(fd);
  return set;
}

TEST(FdSet, StartsEmpty) {
  const FdSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.nfds(), 0);
  EXPECT_EQ(set.next(0), -1);
  EXPECT_FALSE(set.contains(0));
  EXPECT_EQ(members(set), Fds{});
}

// The first and last bits of words, the end of glibc's fd_set, and a descriptor far beyond it.
class FdSetAt : public testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Boundaries, FdSetAt,
                         testing::Values(0, 1, 31, 32, 63, 64, 127, 128, 1023, 1024, 100000));

TEST_P(FdSetAt, ContainsOnlyThatDescriptor) {
  const int fd = GetParam();
  const FdSet set = set_of({fd});
  EXPECT_FALSE(set.empty());
  EXPECT_TRUE(set.contains(fd));
  EXPECT_FALSE(set.contains(fd + 1));
  EXPECT_EQ(members(set), Fds{fd});
}

TEST_P(FdSetAt, HasNfdsOneAboveTheDescriptor) {
  EXPECT_EQ(set_of({GetParam()}).nfds(), GetParam() + 1);
}

TEST_P(FdSetAt, NextReturnsItUpToItsNumber) {
  const int fd = GetParam();
  const FdSet set = set_of({fd});
  EXPECT_EQ(set.next(0), fd);
  EXPECT_EQ(set.next(fd), fd);
  EXPECT_EQ(set.next(fd + 1), -1);
}

TEST_P(FdSetAt, ErasesOnlyThatDescriptor) {
  const int fd = GetParam();
  FdSet set = set_of({fd, fd + 1});
  set.erase(fd);
  EXPECT_FALSE(set.contains(fd));
  EXPECT_EQ(members(set), Fds{fd + 1});
}

TEST(FdSet, StoresADescriptorOnce) {
  FdSet set = set_of({64, 64});
  EXPECT_EQ(members(set), Fds{64});
  set.erase(64);
  EXPECT_TRUE(set.empty());
}

TEST(FdSet, IgnoresErasingAMissingDescriptor) {
  FdSet set = set_of({5});
  set.erase(6);
  set.erase(100000);
  EXPECT_EQ(members(set), Fds{5});
}

TEST(FdSet, FindsNothingBeyondItsCapacity) {
  EXPECT_EQ(set_of({5}).next(100000), -1);
  EXPECT_FALSE(set_of({5}).contains(100000));
  EXPECT_EQ(set_of({5}).next(INT_MAX - 1), -1);
}

TEST(FdSet, LowersNfdsWhenTheHighestIsErased) {
  FdSet set = set_of({3, 100000});
  set.erase(100000);
  EXPECT_EQ(set.nfds(), 4);
  set.erase(3);
  EXPECT_EQ(set.nfds(), 0);
}

TEST(FdSet, IteratesInAscendingOrder) {
  EXPECT_EQ(members(set_of({100000, 64, 0, 1024, 63, 65, 1023})),
            (Fds{0, 63, 64, 65, 1023, 1024, 100000}));
}

TEST(FdSet, SkipsMembersErasedDuringIteration) {
  FdSet set = set_of({1, 2, 63, 64, 1024});
  Fds walked;
  for (const int fd : set) {
    walked.push_back(fd);
    if (fd == 1) {
      for (const int ahead : {2, 63, 1024}) set.erase(ahead);
    }
  }
  EXPECT_EQ(walked, (Fds{1, 64}));
}

TEST(FdSet, ContinuesAfterErasingTheCurrentMember) {
  FdSet set = set_of({1, 63, 64});
  Fds walked;
  for (const int fd : set) {
    walked.push_back(fd);
    set.erase(fd);
  }
  EXPECT_EQ(walked, (Fds{1, 63, 64}));
  EXPECT_TRUE(set.empty());
}

TEST(FdSet, StopsIteratingWhenCleared) {
  FdSet set = set_of({1, 100000});
  Fds walked;
  for (const int fd : set) {
    walked.push_back(fd);
    set.clear();
  }
  EXPECT_EQ(walked, Fds{1});
}

TEST(FdSet, IsEmptyAfterClear) {
  FdSet set = set_of({0, 63, 64, 100000});
  set.clear();
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.nfds(), 0);
}

TEST(FdSet, CopiesAnotherSet) {
  const FdSet other = set_of({1, 64, 100000});
  FdSet set = set_of({2, 200000});
  set = other;
  EXPECT_EQ(members(set), (Fds{1, 64, 100000}));
  set.erase(64);
  EXPECT_TRUE(other.contains(64));
}

TEST(FdSet, HasMemoryForReservedDescriptors) {
  constexpr int kWordBits = sizeof(unsigned long) * CHAR_BIT;
  for (const int nfds : {1, kWordBits, kWordBits + 1, 100000}) {
    FdSet set;
    set.reserve(nfds);
    // Writes the last word as select() does.
    auto* const words = reinterpret_cast<unsigned long*>(set.native());
    words[(nfds - 1) / kWordBits] = 0;
    const test::FailingAllocations failing(0);
    set.insert(nfds - 1);
    EXPECT_EQ(set.nfds(), nfds);
  }
}

TEST(FdSet, ReplacesAMember) {
  FdSet set = set_of({1, 64});
  set.replace(64, 5000);
  EXPECT_EQ(members(set), (Fds{1, 5000}));
}

TEST(FdSet, ReplacesOnlyAMember) {
  FdSet set = set_of({1});
  set.replace(64, 5000);
  EXPECT_EQ(members(set), Fds{1});
}

TEST(FdSet, AssignsTheDifferenceOfTwoSets) {
  FdSet set = set_of({2, 300, 7000});
  set.assign_difference(set_of({1, 64, 65, 5000}), set_of({1, 5000, 6000}), 66);
  EXPECT_EQ(members(set), (Fds{64, 65}));
  set.assign_difference(set_of({1, 5000}), set_of({1}), 10000);
  EXPECT_EQ(members(set), Fds{5000});
}

TEST(FdSet, CountsWithoutTheMembersOfAnotherSet) {
  const FdSet set = set_of({1, 64, 5000});
  EXPECT_EQ(set.nfds_without(set_of({64, 5000, 6000})), 2);
  EXPECT_EQ(set.nfds_without(set_of({1})), 5001);
  EXPECT_EQ(set.nfds_without(set), 0);
}

TEST(FdSet, AssigningADifferenceAllocatesNothingWithEnoughMemory) {
  const FdSet all = set_of({1, 5000});
  FdSet set;
  set.reserve(5001);
  const test::FailingAllocations failing(0);
  set.assign_difference(all, FdSet(), 5001);
  EXPECT_EQ(set.nfds(), 5001);
}

TEST(FdSet, CopyingNeedsMemoryForTheMembersOnly) {
  FdSet set = set_of({1, 5000});
  set.erase(5000);
  FdSet copy;
  copy.reserve(2);
  const test::FailingAllocations failing(0);
  copy = set;
  EXPECT_EQ(copy.nfds(), 2);
}

TEST(FdSet, TakesHighMembersAgainAfterADifference) {
  FdSet set = set_of({5000});
  set.assign_difference(set_of({1, 64, 5000}), set_of({64, 5000}), 64);
  EXPECT_EQ(members(set), Fds{1});
  FdSet copy = set_of({70, 6000});
  copy = set;
  EXPECT_EQ(members(copy), Fds{1});
  for (FdSet* each : {&set, &copy}) {
    each->insert(5001);
    EXPECT_EQ(members(*each), (Fds{1, 5001}));
  }
}

TEST(FdSet, KeepsItsMembersWhenReserving) {
  FdSet set = set_of({1, 64});
  set.reserve(100000);
  set.reserve(1);
  EXPECT_EQ(members(set), (Fds{1, 64}));
}

TEST(FdSet, MatchesStdSet) {
  std::mt19937 random(1);  // NOLINT(cert-msc*,cert-msc51-cpp): repeatable
  std::uniform_int_distribution<int> any_fd(0, 300);
  FdSet set;
  std::set<int> model;
  for (int step = 0; step < 2000; ++step) {
    const int fd = any_fd(random);
    if (random() % 2 == 0) {
      set.insert(fd);
      model.insert(fd);
    } else {
      set.erase(fd);
      model.erase(fd);
    }
    ASSERT_EQ(members(set), Fds(model.begin(), model.end()));
    ASSERT_EQ(set.nfds(), model.empty() ? 0 : *model.rbegin() + 1);
  }
}

TEST(FdSet, LetsSelectWatchDescriptorsAboveFdSetsize) {
  test::allow_descriptors(3UL * FD_SETSIZE);
  const test::SocketPair pair = test::make_socket_pair();
  const UniqueFd high(::fcntl(pair.ours.get(), F_DUPFD_CLOEXEC, 2 * FD_SETSIZE));
  if (!high) GTEST_SKIP() << "the hard limit of descriptors is too low";
  send(pair.theirs.get(), "x");

  FdSet readable = set_of({high.get()});
  FdSet writable = readable;
  FdSet exceptional = readable;
  const int ready = ::select(readable.nfds(), readable.native(), writable.native(),
                             exceptional.native(), nullptr);
  EXPECT_EQ(ready, 2);
  EXPECT_EQ(members(readable), Fds{high.get()});
  EXPECT_EQ(members(writable), Fds{high.get()});
  EXPECT_EQ(members(exceptional), Fds{});
}

}  // namespace
}  // namespace echo
