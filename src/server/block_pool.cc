#include "echo/server/block_pool.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace echo {

void BlockPool::set_capacity(std::size_t queues) {
  const std::size_t max_deques = std::min(queues, kMaxDeques);
  const std::size_t max_blocks = std::min(queues * kBlocksPerQueue, kMaxBlocks);
  // Allocates here, so that giving memory back never allocates.
  deques_.reserve(max_deques);
  blocks_.reserve(max_blocks);
  max_deques_ = max_deques;
  max_blocks_ = max_blocks;
  deques_.resize(std::min(deques_.size(), max_deques));
  blocks_.resize(std::min(blocks_.size(), max_blocks));
}

std::string BlockPool::take_block() {
  std::string block;
  if (blocks_.empty()) {
    block.resize(kBlockBytes);
  } else {
    block = std::move(blocks_.back());
    blocks_.pop_back();
  }
  return block;
}

void BlockPool::give_block(std::string block) noexcept {
  if (blocks_.size() < max_blocks_) blocks_.push_back(std::move(block));
}

std::unique_ptr<Blocks> BlockPool::take_deque() {
  if (deques_.empty()) return std::make_unique<Blocks>();
  std::unique_ptr<Blocks> deque = std::move(deques_.back());
  deques_.pop_back();
  return deque;
}

void BlockPool::give_deque(std::unique_ptr<Blocks> deque) noexcept {
  if (deques_.size() < max_deques_) deques_.push_back(std::move(deque));
}

}  // namespace echo
