#include "echo/message_queue.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace echo {

Moved MessageQueue::receive(int fd, std::size_t most, MessagePool& pool) {
  const std::size_t room = std::min<std::size_t>(most, expected_);
  std::array<iovec, kMostParts + 1> parts;  // NOLINT(*-member-init): read as far as it is filled
  std::size_t count = 0;
  std::size_t offered = 0;
  if (const std::size_t used = (offset_ + bytes_) % kBlockBytes; used > 0) {
    offered = std::min(kBlockBytes - used, room);
    parts[count++] = {.iov_base = messages_->back().data() + used, .iov_len = offered};
  }
  pool.provide((room - offered + kBlockBytes - 1) / kBlockBytes);
  for (std::size_t others = 0; offered < room; ++others) {
    const std::size_t length = std::min(kBlockBytes, room - offered);
    parts[count++] = {.iov_base = pool.spare_block(others).data(), .iov_len = length};
    offered += length;
  }
  const Moved received = echo::receive(fd, std::span(parts).first(count));
  append(received.bytes, pool);
  adapt(received.bytes);
  return received;
}

Moved MessageQueue::flush(int fd, MessagePool& pool) {
  std::array<iovec, kMostParts> parts;  // NOLINT(*-member-init): only the first `count` are read
  std::size_t count = 0;
  std::size_t skip = offset_;
  std::size_t left = bytes_;
  for (std::string& block : *messages_) {
    if (count == kMostParts) break;
    const std::size_t length = std::min(kBlockBytes - skip, left);
    parts[count++] = {.iov_base = block.data() + skip, .iov_len = length};
    left -= length;
    skip = 0;
  }
  const Moved sent = send(fd, std::span(parts).first(count));
  drop_front(sent.bytes, pool);
  return sent;
}

std::string_view MessageQueue::copy(std::size_t from, std::span<char> buffer) const noexcept {
  const std::size_t length = std::min(buffer.size(), bytes_ - from);
  std::size_t place = offset_ + from;
  for (std::size_t copied = 0; copied < length;) {
    const std::string& block = (*messages_)[place / kBlockBytes];
    const std::size_t piece =
        block.copy(buffer.data() + copied, length - copied, place % kBlockBytes);
    copied += piece;
    place += piece;
  }
  return {buffer.data(), length};
}

// The bytes are in place: in what the last block had left, and in the blocks that the pool gives
// next.
void MessageQueue::append(std::size_t count, MessagePool& pool) {
  while (count > 0) {
    const std::size_t used = (offset_ + bytes_) % kBlockBytes;
    if (used == 0) {
      if (messages_ == nullptr) messages_ = pool.take_messages();
      messages_->push_back(pool.take_block());
    }
    const std::size_t added = std::min(kBlockBytes - used, count);
    bytes_ += added;
    count -= added;
  }
}

// To what has come: twice as much is expected where all the room was taken, half where it was far
// too much.
void MessageQueue::adapt(std::size_t received) noexcept {
  if (received >= expected_) {
    expected_ = std::min<std::uint32_t>(2 * expected_, kMostReceived);
  } else if (received > 0 && received < expected_ / 4) {
    expected_ = std::max<std::uint32_t>(expected_ / 2, kBlockBytes);
  }
}

void MessageQueue::drop_front(std::size_t count, MessagePool& pool) {
  bytes_ -= count;
  std::size_t gone = offset_ + count;
  while (gone >= kBlockBytes || (bytes_ == 0 && gone > 0)) {
    pool.give_block(std::move(messages_->front()));
    messages_->pop_front();
    gone -= std::min(gone, kBlockBytes);
  }
  offset_ = static_cast<std::uint32_t>(gone);
  if (bytes_ == 0) pool.give_messages(std::move(messages_));
}

}  // namespace echo
