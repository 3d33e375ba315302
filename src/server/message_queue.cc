#include "echo/server/message_queue.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace echo {
namespace {

// Blocks that just fill the room are not the beginning of longer ones, nor is the end of a long
// message a short one.
constexpr int kEnoughInARow = 8;

}  // namespace

Moved MessageQueue::receive(int fd, std::size_t most, BlockPool& pool) {
  if (messages_ == nullptr) messages_ = pool.take_messages();
  const std::size_t room = std::min<std::size_t>(most, expected_);
  const std::span<char> place = room_in_last_block();
  const Moved received = room <= place.size() ? echo::receive(fd, place.first(room))
                                              : receive_into_blocks(fd, room, pool);
  append(received.bytes, pool);
  adapt(received.bytes);
  if (bytes_ == 0) rest(pool);
  return received;
}

// There is less room in the last block: beyond it, into those that the pool gives next.
Moved MessageQueue::receive_into_blocks(int fd, std::size_t room, BlockPool& pool) const {
  std::array<iovec, kMaxParts + 1> parts;  // NOLINT(*-member-init): read as far as it is filled
  std::size_t count = 0;
  const std::span<char> first = room_in_last_block();
  if (!first.empty()) parts[count++] = {.iov_base = first.data(), .iov_len = first.size()};
  std::size_t offered = first.size();
  const std::size_t others = (room - offered + kBlockBytes - 1) / kBlockBytes;
  pool.provide(others);
  for (std::size_t i = 0; i < others; ++i) {
    const std::size_t length = std::min(kBlockBytes, room - offered);
    parts[count++] = {.iov_base = pool.spare_block(i).data(), .iov_len = length};
    offered += length;
  }
  return echo::receive(fd, std::span(parts).first(count));
}

void MessageQueue::push(std::string_view bytes, BlockPool& pool) {
  if (messages_ == nullptr && !bytes.empty()) messages_ = pool.take_messages();
  while (!bytes.empty()) {
    const std::span<char> place = room_in_last_block();
    if (place.empty()) {
      pool.provide(1);
      messages_->push_back(pool.take_block());
      continue;
    }
    const std::size_t copied = bytes.copy(place.data(), place.size());
    bytes.remove_prefix(copied);
    bytes_ += copied;
  }
}

Moved MessageQueue::flush(int fd, BlockPool& pool) {
  const Moved sent = end() <= kBlockBytes
                         ? send(fd, std::string_view(messages_->front().data() + offset_, bytes_))
                         : send_blocks(fd);
  drop_front(sent.bytes, pool);
  return sent;
}

Moved MessageQueue::send_blocks(int fd) const {
  std::array<iovec, kMaxParts> parts;  // NOLINT(*-member-init): only the first `count` are read
  std::size_t count = 0;
  std::size_t skip = offset_;
  std::size_t left = bytes_;
  for (std::string& block : *messages_) {
    if (count == kMaxParts) break;
    const std::size_t length = std::min(kBlockBytes - skip, left);
    parts[count++] = {.iov_base = block.data() + skip, .iov_len = length};
    left -= length;
    skip = 0;
  }
  return send(fd, std::span(parts).first(count));
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

// Of the last block what has no bytes yet.
std::span<char> MessageQueue::room_in_last_block() const noexcept {
  const std::size_t used = end() - (messages_->size() - 1) * kBlockBytes;
  return std::span(messages_->back()).subspan(used);
}

// The bytes are in place: in what the last block had left, and in the blocks that the pool gives
// next.
void MessageQueue::append(std::size_t count, BlockPool& pool) {
  const std::size_t room = messages_->size() * kBlockBytes - end();
  bytes_ += count;
  for (std::size_t had = room; had < count; had += kBlockBytes) {
    messages_->push_back(pool.take_block());
  }
}

// To what has come of late: twice as much is expected after some receives in a row that took all
// the room, half after some that half would have done for.
void MessageQueue::adapt(std::size_t received) noexcept {
  if (received == 0) return;
  int step = 0;
  if (received >= expected_) step = 1;
  if (received <= expected_ / 2) step = -1;
  trend_ = trend_ * step > 0 ? trend_ + step : step;
  if (std::abs(trend_) < kEnoughInARow) return;
  expected_ = step > 0 ? std::min<std::uint32_t>(2 * expected_, kMaxReceived)
                       : std::max<std::uint32_t>(expected_ / 2, kBlockBytes);
  trend_ = 0;
}

void MessageQueue::drop_front(std::size_t count, BlockPool& pool) noexcept {
  bytes_ -= count;
  std::size_t gone = offset_ + count;
  for (; gone >= kBlockBytes && messages_->size() > 1; gone -= kBlockBytes) {
    pool.give_block(std::move(messages_->front()));
    messages_->pop_front();
  }
  offset_ = static_cast<std::uint32_t>(gone);
  if (bytes_ == 0) rest(pool);
}

// Once nothing is owed.
void MessageQueue::rest(BlockPool& pool) noexcept {
  offset_ = 0;
  pool.give_messages(std::move(messages_));
}

}  // namespace echo
