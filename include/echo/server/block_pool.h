#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace echo {

// The memory of a message queue: blocks of BlockPool::kBlockBytes each.
using Blocks = std::deque<std::string>;

// Keeps the memory that message queues give back, for the next that needs some. Once it has enough
// of it, an echo allocates nothing but what a deque needs to grow.
class BlockPool {
 public:
  static constexpr std::size_t kBlockBytes = 16384;

  // Keeps from now on what `queues` message queues may need: for each a deque and the blocks of the
  // longest receive, kMaxDeques and kMaxBlocks at most in all. Frees what it has beyond that. A new
  // pool keeps nothing. Throws std::bad_alloc, and changes nothing then.
  void set_capacity(std::size_t queues);
  static constexpr std::size_t kMaxDeques = 512;
  static constexpr std::size_t kMaxBlocks = 768;
  static constexpr std::size_t kBlocksPerQueue = 16;

  // A block, with whatever bytes. Throws std::bad_alloc.
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
