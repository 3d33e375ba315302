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

// The bytes that one connection has pending, in the order in which they came.
//
// They fill blocks of one size. So however the bytes come, the queue needs no more memory than they
// have, and a fiftieth of it, and two blocks; and a block that one queue gives back to the pool
// fits every other queue. All calls on one queue must pass the same pool.
class MessageQueue {
 public:
  // Receives up to `most` bytes, at least 1, by one recv(2) or recvmsg(2) into its own blocks. It
  // offers twice the room after a receive that filled it, up to kMaxRoom, and half after one
  // that left three quarters of it, down to one block. Throws std::bad_alloc before it receives:
  // the queue has the same bytes then.
  Moved receive(int fd, std::size_t most, BlockPool& pool);

  // Sends what the socket takes by one send(2) or sendmsg(2) of up to kMaxParts blocks, and drops
  // it. Never call it on an empty queue.
  Moved flush(int fd, BlockPool& pool);

  // Appends a copy of the bytes, for those that did not come by receive(). Throws std::bad_alloc:
  // the queue has the same bytes then.
  void push(std::string_view bytes, BlockPool& pool);

  bool empty() const noexcept { return bytes_ == 0; }
  std::size_t bytes() const noexcept { return bytes_; }

  // Copies the bytes from the `from`th on into the buffer, as many as fit, and returns them.
  std::string_view copy(std::size_t from, std::span<char> buffer) const noexcept;

  static constexpr std::size_t kBlockBytes = BlockPool::kBlockBytes;
  static constexpr std::size_t kMaxParts = BlockPool::kBlocksPerQueue;
  static constexpr std::size_t kMaxRoom = kMaxParts * kBlockBytes;

 private:
  // The memory of the byte at this position, and of those behind it in the same block.
  std::span<char> memory_at(std::size_t position) const noexcept;
  // The memory of `length` bytes from the `from`th on, or of as many as kMaxParts blocks hold.
  std::span<iovec> gather(std::size_t from, std::size_t length,
                          std::span<iovec, kMaxParts> parts) const noexcept;
  void make_room(std::size_t length, BlockPool& pool);
  void give_back(BlockPool& pool) noexcept;
  void adapt_room(std::size_t received) noexcept;

  std::unique_ptr<Blocks> blocks_;  // Nullptr if nothing is pending.
  std::size_t bytes_ = 0;
  std::uint32_t offset_ = 0;  // How many bytes of the front block are gone.
  std::uint32_t room_ = kBlockBytes;
};

}  // namespace echo
