#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "echo/os/socket.h"
#include "echo/server/block_pool.h"

namespace echo {

// The pending bytes of one connection, in the order of their arrival.
//
// The bytes fill blocks of one size. However they arrive, the queue needs at most their own size,
// plus 2 percent, plus two blocks; and a block that one queue gives back to the pool fits every
// other queue. Pass the same pool in all calls on one queue.
class MessageQueue {
 public:
  // Receives up to `most` bytes (`most` is at least 1) with one recv(2) or recvmsg(2) into its own
  // blocks. The offered room doubles after a receive that fills it, up to kMaxRoom, and halves
  // after a receive that uses at most a quarter of it, down to one block. If it throws
  // std::bad_alloc, it has received nothing and the queue is unchanged.
  Moved receive(int fd, std::size_t most, BlockPool& pool);

  // Sends as much as the socket takes with one send(2) or sendmsg(2) of up to kMaxParts blocks, and
  // removes the sent bytes. Never call it on an empty queue.
  Moved flush(int fd, BlockPool& pool);

  // Appends a copy of bytes from elsewhere, such as the pending bytes of a previous server. If it
  // throws std::bad_alloc, the queue has the same bytes as before.
  void push(std::string_view bytes, BlockPool& pool);

  bool empty() const noexcept { return bytes_ == 0; }
  std::size_t bytes() const noexcept { return bytes_; }

  // Copies bytes from position `from` on into the buffer, as many as fit, and returns the copied
  // part.
  std::string_view copy(std::size_t from, std::span<char> buffer) const noexcept;

  static constexpr std::size_t kBlockBytes = BlockPool::kBlockBytes;
  static constexpr std::size_t kMaxParts = BlockPool::kBlocksPerQueue;
  static constexpr std::size_t kMaxRoom = kMaxParts * kBlockBytes;

 private:
  // The memory from the byte at this position to the end of its block.
  std::span<char> memory_at(std::size_t position) const noexcept;
  // The memory of `length` bytes from position `from` on, or of as many as kMaxParts blocks
  // contain.
  std::span<iovec> gather(std::size_t from, std::size_t length,
                          std::span<iovec, kMaxParts> parts) const noexcept;
  void make_room(std::size_t length, BlockPool& pool);
  void give_back(BlockPool& pool) noexcept;
  void adapt_room(std::size_t received) noexcept;

  std::unique_ptr<Blocks> blocks_;  // Nullptr if nothing is pending.
  std::size_t bytes_ = 0;
  std::uint32_t offset_ = 0;  // Bytes of the front block that are already sent.
  std::uint32_t room_ = kBlockBytes;
};

}  // namespace echo
