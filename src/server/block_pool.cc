#include "echo/server/block_pool.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace echo {

void BlockPool::serve(std::size_t queues) {
  const std::size_t most_messages = std::min(queues, kMaxMessages);
  const std::size_t most_blocks = std::min(queues * kBlocksPerQueue, kMaxBlocks);
  // At once, so that giving back takes no memory.
  messages_.reserve(most_messages);
  blocks_.reserve(most_blocks);
  most_messages_ = most_messages;
  most_blocks_ = most_blocks;
  messages_.resize(std::min(messages_.size(), most_messages_));
  blocks_.resize(std::min(blocks_.size(), most_blocks_));
}

std::unique_ptr<Blocks> BlockPool::take_messages() {
  if (messages_.empty()) {
    provide(1);
    auto messages = std::make_unique<Blocks>();
    messages->push_back(take_block());
    return messages;
  }
  std::unique_ptr<Blocks> messages = std::move(messages_.back());
  messages_.pop_back();
  return messages;
}

void BlockPool::give_messages(std::unique_ptr<Blocks> messages) noexcept {
  if (messages_.size() < most_messages_) messages_.push_back(std::move(messages));
}

void BlockPool::provide(std::size_t blocks) {
  while (blocks_.size() < blocks) blocks_.emplace_back(kBlockBytes, '\0');
}

std::string BlockPool::take_block() noexcept {
  std::string block = std::move(blocks_.back());
  blocks_.pop_back();
  return block;
}

void BlockPool::give_block(std::string block) noexcept {
  if (blocks_.size() < most_blocks_) blocks_.push_back(std::move(block));
}

}  // namespace echo
