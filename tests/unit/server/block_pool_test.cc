#include "echo/server/block_pool.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "support/failing_allocations.h"

namespace echo {
namespace {

TEST(BlockPool, ProvidesBlocksOfOneSize) {
  BlockPool pool;
  pool.provide(2);
  EXPECT_EQ(pool.take_block().size(), BlockPool::kBlockBytes);
  EXPECT_EQ(pool.take_block().size(), BlockPool::kBlockBytes);
}

TEST(BlockPool, TellsWhichBlocksItWillGive) {
  BlockPool pool;
  pool.provide(3);
  for (const char name : {'a', 'b', 'c'}) {
    pool.spare_block(static_cast<std::size_t>(name - 'a')).front() = name;
  }
  EXPECT_EQ(pool.take_block().front(), 'a');
  EXPECT_EQ(pool.take_block().front(), 'b');
  EXPECT_EQ(pool.take_block().front(), 'c');
}

TEST(BlockPool, GivesTheBlockAgainThatCameBackLast) {
  BlockPool pool;
  pool.serve(1);
  pool.provide(2);
  std::string block = pool.take_block();
  block.front() = '!';
  pool.give_block(std::move(block));
  EXPECT_EQ(pool.take_block().front(), '!');
}

TEST(BlockPool, GivesTheMessagesAgainThatCameBackLast) {
  BlockPool pool;
  pool.serve(1);
  std::unique_ptr<Blocks> messages = pool.take_messages();
  const Blocks* const place = messages.get();
  pool.give_messages(std::move(messages));
  EXPECT_EQ(pool.take_messages().get(), place);
}

TEST(BlockPool, TakesNoMemoryForWhatHasComeBack) {
  BlockPool pool;
  pool.serve(1);
  pool.give_messages(pool.take_messages());
  pool.provide(2);
  const test::FailingAllocations failing(0);
  for (int i = 0; i < 100; ++i) {
    pool.provide(2);
    std::string block = pool.take_block();
    pool.give_block(pool.take_block());
    pool.give_block(std::move(block));
    pool.give_messages(pool.take_messages());
  }
  EXPECT_FALSE(failing.any_failed());
}

TEST(BlockPool, GivesMessagesWithABlockInThem) {
  BlockPool pool;
  const std::unique_ptr<Blocks> messages = pool.take_messages();
  ASSERT_EQ(messages->size(), 1U);
  EXPECT_EQ(messages->front().size(), BlockPool::kBlockBytes);
}

// So many come back; of them it keeps some.
std::size_t count_blocks_kept(BlockPool& pool, std::size_t given) {
  for (std::size_t i = 0; i < given; ++i) {
    pool.give_block(std::string(BlockPool::kBlockBytes, 'x'));
  }
  std::size_t kept = 0;
  const test::FailingAllocations failing(0);
  try {
    for (; kept < given; ++kept) pool.provide(kept + 1);
  } catch (const std::bad_alloc&) {
  }
  return kept;
}

std::size_t count_messages_kept(BlockPool& pool, std::size_t given) {
  std::vector<std::unique_ptr<Blocks>> taken(given);
  for (auto& messages : taken) messages = pool.take_messages();
  for (auto& messages : taken) pool.give_messages(std::move(messages));
  std::size_t kept = 0;
  const test::FailingAllocations failing(0);
  try {
    for (; kept < given; ++kept) taken[kept] = pool.take_messages();
  } catch (const std::bad_alloc&) {
  }
  return kept;
}

TEST(BlockPool, KeepsAsMuchAsThereAreQueues) {
  BlockPool pool;
  pool.serve(3);
  EXPECT_EQ(count_messages_kept(pool, 10), 3U);
  EXPECT_EQ(count_blocks_kept(pool, 100), 3 * BlockPool::kBlocksPerQueue);
}

TEST(BlockPool, KeepsABoundedNumberForManyQueues) {
  BlockPool pool;
  pool.serve(1'000'000);
  EXPECT_EQ(count_messages_kept(pool, 1000), BlockPool::kMaxMessages);
  EXPECT_EQ(count_blocks_kept(pool, 1000), BlockPool::kMaxBlocks);
}

TEST(BlockPool, FreesWhatThereAreNoQueuesForAnyMore) {
  BlockPool pool;
  pool.serve(3);
  pool.provide(3 * BlockPool::kBlocksPerQueue);
  pool.serve(2);
  const test::FailingAllocations failing(0);
  EXPECT_NO_THROW(pool.provide(2 * BlockPool::kBlocksPerQueue));
  EXPECT_THROW(pool.provide(2 * BlockPool::kBlocksPerQueue + 1), std::bad_alloc);
}

}  // namespace
}  // namespace echo
