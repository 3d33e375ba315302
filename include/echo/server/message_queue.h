#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "echo/os/socket.h"
#include "echo/server/block_pool.h"

namespace echo {

// The messages that one connection is still owed, in the order in which they came.
//
// They are kept in blocks of one size, each filled before the next is begun. So however the bytes
// come, the memory taken stays within a fiftieth of the bytes owed, and two blocks; and what one
// queue gives back to the pool fits every other. All calls on one queue are to bring the same pool.
class MessageQueue {
 public:
  // Receives up to `most` bytes, which is at least 1, into place by one recv(2) or recvmsg(2). It
  // makes room for about as many as have come at a time of late: no less than a block, no more than
  // kMaxReceived. Throws std::bad_alloc: then bytes() tells whether anything was received, and
  // nothing else is to be asked of it.
  Moved receive(int fd, std::size_t most, BlockPool& pool);

  // Sends what it can of the queue by one send(2) or sendmsg(2) of up to kMaxParts blocks, and
  // forgets what the socket took: a short write costs nothing. Never call it with an empty queue.
  Moved flush(int fd, BlockPool& pool);

  // Puts a copy of the bytes at the end. Throws std::bad_alloc, and nothing else is to be asked of
  // it then. For bytes that came some other way than by receive().
  void push(std::string_view bytes, BlockPool& pool);

  bool empty() const noexcept { return bytes_ == 0; }

  // The bytes owed.
  std::size_t bytes() const noexcept { return bytes_; }

  // Copies the bytes owed from the `from`th on, as many as the buffer takes, and returns them. For
  // the log.
  std::string_view copy(std::size_t from, std::span<char> buffer) const noexcept;

  static constexpr std::size_t kBlockBytes = BlockPool::kBlockBytes;
  static constexpr std::size_t kMaxParts = BlockPool::kBlocksPerQueue;
  static constexpr std::size_t kMaxReceived = kMaxParts * kBlockBytes;

 private:
  // Where the bytes owed end, counted from the beginning of the front block.
  std::size_t end() const noexcept { return offset_ + bytes_; }
  std::span<char> room_in_last_block() const noexcept;
  Moved receive_into_blocks(int fd, std::size_t room, BlockPool& pool) const;
  Moved send_blocks(int fd) const;
  void append(std::size_t count, BlockPool& pool);
  void adapt(std::size_t received) noexcept;
  void drop_front(std::size_t count, BlockPool& pool) noexcept;
  void rest(BlockPool& pool) noexcept;

  std::unique_ptr<Blocks> messages_;  // Nullptr, or with a block at least.
  std::size_t bytes_ = 0;
  std::uint32_t offset_ = 0;  // How much of the front block has gone.
  std::uint32_t expected_ = kBlockBytes;
  int trend_ = 0;  // So many receives in a row took all the room; or, negative, half of it at most.
};

}  // namespace echo
