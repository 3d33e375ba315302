#include "echo/message_queue.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace echo {

void MessageQueue::push(std::string_view message) {
  while (!message.empty()) {
    if (messages_.empty() || messages_.back().size() == kBlockBytes) add_block();
    const std::string_view head = message.substr(0, kBlockBytes - messages_.back().size());
    messages_.back() += head;
    bytes_ += head.size();
    message.remove_prefix(head.size());
  }
}

Moved MessageQueue::flush(int fd) {
  std::array<iovec, kMostParts> parts;  // NOLINT(*-member-init): only the first `count` are read
  const std::size_t count = std::min(messages_.size(), parts.size());
  for (std::size_t i = 0; i < count; ++i) {
    parts[i] = {.iov_base = messages_[i].data(), .iov_len = messages_[i].size()};
  }
  parts[0] = {.iov_base = messages_[0].data() + offset_, .iov_len = messages_[0].size() - offset_};
  const Moved sent = send(fd, std::span(parts).first(count));
  drop_front(sent.bytes);
  return sent;
}

std::string_view MessageQueue::copy_head(std::span<char> buffer) const noexcept {
  std::size_t count = 0;
  std::size_t skip = offset_;
  for (const std::string& message : messages_) {
    if (count == buffer.size()) break;
    count += message.copy(buffer.data() + count, buffer.size() - count, skip);
    skip = 0;
  }
  return {buffer.data(), count};
}

void MessageQueue::add_block() {
  std::string block;
  block.reserve(kBlockBytes);
  messages_.push_back(std::move(block));
}

void MessageQueue::drop_front(std::size_t count) {
  bytes_ -= count;
  offset_ += count;
  while (!messages_.empty() && offset_ >= messages_.front().size()) {
    offset_ -= messages_.front().size();
    messages_.pop_front();
  }
}

}  // namespace echo
