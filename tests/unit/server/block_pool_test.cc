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

TEST(BlockPool, MakesBlocksOfFixedSize) {
  BlockPool pool;
  EXPECT_EQ(pool.take_block().size(), BlockPool::kBlockBytes);
  EXPECT_EQ(pool.take_block().size(), BlockPool::kBlockBytes);
}

TEST(BlockPool, MakesEmptyDeques) {
  BlockPool pool;
  EXPECT_TRUE(pool.take_deque()->empty());
}

TEST(BlockPool, ReusesTheLastReturnedBlock) {
  BlockPool pool;
  pool.set_capacity(1);
  std::string block = pool.take_block();
  block.front() = '!';
  pool.give_block(pool.take_block());
  pool.give_block(std::move(block));
  EXPECT_EQ(pool.take_block().front(), '!');
}

TEST(BlockPool, ReusesTheLastReturnedDeque) {
  BlockPool pool;
  pool.set_capacity(1);
  std::unique_ptr<Blocks> deque = pool.take_deque();
  const Blocks* const address = deque.get();
  pool.give_deque(std::move(deque));
  EXPECT_EQ(pool.take_deque().get(), address);
}

TEST(BlockPool, ReusesWithoutAllocating) {
  BlockPool pool;
  pool.set_capacity(1);
  pool.give_block(pool.take_block());
  pool.give_deque(pool.take_deque());
  const test::FailingAllocations failing(0);
  for (int i = 0; i < 100; ++i) {
    pool.give_block(pool.take_block());
    pool.give_deque(pool.take_deque());
  }
  EXPECT_FALSE(failing.any_failed());
}

// Returns the number of blocks that the pool gives without an allocation.
std::size_t count_blocks(BlockPool& pool) {
  std::vector<std::string> taken(BlockPool::kMaxBlocks + 1);
  std::size_t count = 0;
  const test::FailingAllocations failing(0);
  try {
    for (; count < taken.size(); ++count) taken[count] = pool.take_block();
  } catch (const std::bad_alloc&) {
  }
  return count;
}

std::size_t count_deques(BlockPool& pool) {
  std::vector<std::unique_ptr<Blocks>> taken(BlockPool::kMaxDeques + 1);
  std::size_t count = 0;
  const test::FailingAllocations failing(0);
  try {
    for (; count < taken.size(); ++count) taken[count] = pool.take_deque();
  } catch (const std::bad_alloc&) {
  }
  return count;
}

void give_many(BlockPool& pool) {
  for (std::size_t i = 0; i <= BlockPool::kMaxBlocks; ++i) {
    pool.give_block(std::string(BlockPool::kBlockBytes, 'x'));
  }
  for (std::size_t i = 0; i <= BlockPool::kMaxDeques; ++i) {
    pool.give_deque(std::make_unique<Blocks>());
  }
}

TEST(BlockPool, KeepsNothingByDefault) {
  BlockPool pool;
  give_many(pool);
  EXPECT_EQ(count_deques(pool), 0U);
  EXPECT_EQ(count_blocks(pool), 0U);
}

TEST(BlockPool, KeepsEnoughForItsCapacity) {
  BlockPool pool;
  pool.set_capacity(3);
  give_many(pool);
  EXPECT_EQ(count_deques(pool), 3U);
  EXPECT_EQ(count_blocks(pool), 3 * BlockPool::kBlocksPerQueue);
}

TEST(BlockPool, KeepsABoundedNumberForManyQueues) {
  BlockPool pool;
  pool.set_capacity(1'000'000);
  give_many(pool);
  EXPECT_EQ(count_deques(pool), BlockPool::kMaxDeques);
  EXPECT_EQ(count_blocks(pool), BlockPool::kMaxBlocks);
}

TEST(BlockPool, FreesBlocksBeyondItsCapacity) {
  BlockPool pool;
  pool.set_capacity(3);
  give_many(pool);
  pool.set_capacity(2);
  EXPECT_EQ(count_deques(pool), 2U);
  EXPECT_EQ(count_blocks(pool), 2 * BlockPool::kBlocksPerQueue);
}

}  // namespace
}  // namespace echo
