#include "echo/message_pool.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "support/failing_allocations.h"

namespace echo {
namespace {

TEST(MessagePool, ProvidesBlocksOfOneSize) {
  MessagePool pool;
  pool.provide(2);
  EXPECT_EQ(pool.take_block().size(), MessagePool::kBlockBytes);
  EXPECT_EQ(pool.take_block().size(), MessagePool::kBlockBytes);
}

TEST(MessagePool, TellsWhichBlocksItWillGive) {
  MessagePool pool;
  pool.provide(3);
  for (const char name : {'a', 'b', 'c'}) {
    pool.spare_block(static_cast<std::size_t>(name - 'a')).front() = name;
  }
  EXPECT_EQ(pool.take_block().front(), 'a');
  EXPECT_EQ(pool.take_block().front(), 'b');
  EXPECT_EQ(pool.take_block().front(), 'c');
}

TEST(MessagePool, GivesTheBlockAgainThatCameBackLast) {
  MessagePool pool;
  pool.provide(2);
  std::string block = pool.take_block();
  block.front() = '!';
  pool.give_block(std::move(block));
  EXPECT_EQ(pool.take_block().front(), '!');
}

TEST(MessagePool, GivesTheMessagesAgainThatCameBackLast) {
  MessagePool pool;
  pool.serve(1);
  std::unique_ptr<Messages> messages = pool.take_messages();
  const Messages* const place = messages.get();
  pool.give_messages(std::move(messages));
  EXPECT_EQ(pool.take_messages().get(), place);
}

TEST(MessagePool, TakesNoMemoryForWhatHasComeBack) {
  MessagePool pool;
  pool.serve(1);
  pool.provide(2);
  pool.give_messages(pool.take_messages());
  const testing::FailingAllocations failing(0);
  for (int i = 0; i < 100; ++i) {
    pool.provide(2);
    std::string block = pool.take_block();
    pool.give_block(pool.take_block());
    pool.give_block(std::move(block));
    pool.give_messages(pool.take_messages());
  }
  EXPECT_FALSE(failing.any_failed());
}

// So many blocks come back, of which it keeps as many as it is said.
std::size_t count_kept(MessagePool& pool, std::size_t given) {
  for (std::size_t i = 0; i < given; ++i) {
    pool.give_block(std::string(MessagePool::kBlockBytes, 'x'));
  }
  std::size_t kept = 0;
  const testing::FailingAllocations failing(0);
  try {
    for (; kept < given; ++kept) pool.provide(kept + 1);
  } catch (const std::bad_alloc&) {
  }
  return kept;
}

TEST(MessagePool, KeepsAsMuchAsThereAreQueues) {
  MessagePool pool;
  pool.serve(100);
  EXPECT_EQ(count_kept(pool, 200), 100U);
}

TEST(MessagePool, KeepsEnoughForTheLongestReceiveOfAFewQueues) {
  MessagePool pool;
  pool.serve(1);
  EXPECT_EQ(count_kept(pool, 200), MessagePool::kFewestSpare);
}

TEST(MessagePool, KeepsABoundedNumberForManyQueues) {
  MessagePool pool;
  pool.serve(1'000'000);
  EXPECT_EQ(count_kept(pool, 1000), MessagePool::kMostSpare);
}

TEST(MessagePool, FreesWhatThereAreNoQueuesForAnyMore) {
  MessagePool pool;
  pool.serve(100);
  pool.provide(100);
  pool.serve(70);
  const testing::FailingAllocations failing(0);
  EXPECT_NO_THROW(pool.provide(70));
  EXPECT_THROW(pool.provide(71), std::bad_alloc);
}

}  // namespace
}  // namespace echo
