#include "echo/server/message_queue.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace echo {

Moved MessageQueue::receive(int fd, std::size_t most, BlockPool& pool) {
  const std::size_t room = std::min<std::size_t>(most, room_);
  make_room(room, pool);
  std::array<iovec, kMaxParts> parts;  // NOLINT(*-member-init): gather() fills what is read
  const Moved received = echo::receive(fd, gather(bytes_, room, parts));
  bytes_ += received.bytes;
  if (received.bytes > 0) adapt_room(received.bytes);
  give_back(pool);
  return received;
}

Moved MessageQueue::flush(int fd, BlockPool& pool) {
  std::array<iovec, kMaxParts> parts;  // NOLINT(*-member-init): gather() fills what is read
  const Moved sent = send(fd, gather(0, bytes_, parts));
  bytes_ -= sent.bytes;
  std::size_t gone = offset_ + sent.bytes;
  for (; gone >= kBlockBytes; gone -= kBlockBytes) {
    pool.give_block(std::move(blocks_->front()));
    blocks_->pop_front();
  }
  offset_ = static_cast<std::uint32_t>(gone);
  give_back(pool);
  return sent;
}

void MessageQueue::push(std::string_view bytes, BlockPool& pool) {
  if (bytes.empty()) return;
  make_room(bytes.size(), pool);
  while (!bytes.empty()) {
    const std::span<char> memory = memory_at(bytes_);
    const std::size_t copied = bytes.copy(memory.data(), memory.size());
    bytes.remove_prefix(copied);
    bytes_ += copied;
  }
}

std::string_view MessageQueue::copy(std::size_t from, std::span<char> buffer) const noexcept {
  const std::size_t length = std::min(buffer.size(), bytes_ - from);
  for (std::size_t copied = 0; copied < length;) {
    const std::span<const char> memory = memory_at(from + copied);
    const std::size_t piece = std::min(memory.size(), length - copied);
    std::copy_n(memory.data(), piece, buffer.data() + copied);
    copied += piece;
  }
  return {buffer.data(), length};
}

std::span<char> MessageQueue::memory_at(std::size_t position) const noexcept {
  const std::size_t from_front = offset_ + position;
  return std::span((*blocks_)[from_front / kBlockBytes]).subspan(from_front % kBlockBytes);
}

std::span<iovec> MessageQueue::gather(std::size_t from, std::size_t length,
                                      std::span<iovec, kMaxParts> parts) const noexcept {
  std::size_t count = 0;
  while (length > 0 && count < parts.size()) {
    const std::span<char> memory = memory_at(from);
    const std::size_t piece = std::min(memory.size(), length);
    parts[count++] = {.iov_base = memory.data(), .iov_len = piece};
    from += piece;
    length -= piece;
  }
  return parts.first(count);
}

void MessageQueue::make_room(std::size_t length, BlockPool& pool) {
  if (blocks_ == nullptr) blocks_ = pool.take_deque();
  while (blocks_->size() * kBlockBytes < offset_ + bytes_ + length) {
    blocks_->push_back(pool.take_block());
  }
}

// Gives all blocks without pending bytes back to the pool.
void MessageQueue::give_back(BlockPool& pool) noexcept {
  if (bytes_ == 0) offset_ = 0;
  while (blocks_->size() * kBlockBytes >= offset_ + bytes_ + kBlockBytes) {
    pool.give_block(std::move(blocks_->back()));
    blocks_->pop_back();
  }
  if (bytes_ == 0) pool.give_deque(std::move(blocks_));
}

void MessageQueue::adapt_room(std::size_t received) noexcept {
  if (received >= room_) room_ = std::min<std::uint32_t>(2 * room_, kMaxRoom);
  if (received <= room_ / 4) room_ = std::max<std::uint32_t>(room_ / 2, kBlockBytes);
}

}  // namespace echo
