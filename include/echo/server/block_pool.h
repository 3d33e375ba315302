#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace echo {

// The memory of a message queue: blocks of BlockPool::kBlockBytes each.
using Blocks = std::deque<std::string>;

// Keeps the memory that message queues give back, for other queues. With enough memory in the pool,
// an echo allocates nothing, except if a deque has to grow.
class BlockPool {
 public:
  // 64 bytes more than a power of two. A receive that fills all room doubles the room
  // (MessageQueue); a message of 16, 32 or 64 KiB does not fill it.
  static constexpr std::size_t kBlockBytes = 16384 + 64;

  // Sets the capacity of the pool for `queues` message queues: per queue a deque and the blocks of
  // the longest receive, at most kMaxDeques and kMaxBlocks in all. Frees the memory above the
  // capacity. A new pool has the capacity 0. If it throws std::bad_alloc, nothing has changed.
  void set_capacity(std::size_t queues);
  static constexpr std::size_t kMaxDeques = 512;
  static constexpr std::size_t kMaxBlocks = 768;
  static constexpr std::size_t kBlocksPerQueue = 16;

  // A block with arbitrary contents. Throws std::bad_alloc.
  std::string take_block();
  void give_block(std::string block) noexcept;

  // A deque without blocks. Throws std::bad_alloc.
  std::unique_ptr<Blocks> take_deque();
  void give_deque(std::unique_ptr<Blocks> deque) noexcept;

 private:
  std::size_t max_deques_ = 0;
  std::size_t max_blocks_ = 0;
  std::vector<std::unique_ptr<Blocks>> deques_;
  std::vector<std::string> blocks_;
};

}  // namespace echo
