#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "echo/socket.h"

namespace echo {

// The messages that one connection is still owed, in the order in which they came.
class MessageQueue {
 public:
  // Copies the bytes to the end: into blocks of one size, each filled before the next is begun. So
  // however the bytes come, the memory taken stays within a fiftieth of the bytes owed, and two
  // blocks; and what one queue gives back fits every other.
  void push(std::string_view message);

  // Sends what it can of the queue by one sendmsg(2) of up to kMostParts blocks, and forgets
  // what the socket took: a short write costs nothing. Never call it with an empty queue.
  Moved flush(int fd);

  bool empty() const noexcept { return messages_.empty(); }

  // The bytes owed.
  std::size_t bytes() const noexcept { return bytes_; }

  // Copies the first bytes owed into the buffer, as many as it takes, and returns them. For the
  // log.
  std::string_view copy_head(std::span<char> buffer) const noexcept;

  static constexpr std::size_t kBlockBytes = 4096;
  static constexpr std::size_t kMostParts = 64;

 private:
  void add_block();
  void drop_front(std::size_t count);

  std::deque<std::string> messages_;
  std::size_t offset_ = 0;  // How much of the front block has gone.
  std::size_t bytes_ = 0;
};

}  // namespace echo
