#include "echo/message_pool.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace echo {

void MessagePool::serve(std::size_t queues) {
  queues_ = std::min(queues, kMostSpare);
  // At once, so that giving back takes no memory.
  blocks_.reserve(most_blocks());
  messages_.reserve(queues_);
  blocks_.resize(std::min(blocks_.size(), most_blocks()));
  messages_.resize(std::min(messages_.size(), queues_));
}

std::size_t MessagePool::most_blocks() const noexcept { return std::max(queues_, kFewestSpare); }

void MessagePool::provide(std::size_t blocks) {
  while (blocks_.size() < blocks) blocks_.emplace_back(kBlockBytes, '\0');
}

std::string MessagePool::take_block() noexcept {
  std::string block = std::move(blocks_.back());
  blocks_.pop_back();
  return block;
}

void MessagePool::give_block(std::string block) noexcept {
  if (blocks_.size() < most_blocks()) blocks_.push_back(std::move(block));
}

std::unique_ptr<Messages> MessagePool::take_messages() {
  if (messages_.empty()) return std::make_unique<Messages>();
  std::unique_ptr<Messages> messages = std::move(messages_.back());
  messages_.pop_back();
  return messages;
}

void MessagePool::give_messages(std::unique_ptr<Messages> messages) noexcept {
  if (messages_.size() < queues_) messages_.push_back(std::move(messages));
}

}  // namespace echo
