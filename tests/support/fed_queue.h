#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "echo/os/socket.h"
#include "echo/server/block_pool.h"
#include "echo/server/message_queue.h"
#include "support/socket_pair.h"

namespace echo::test {

// A message queue with its own pool, and sockets to feed it.
class FedQueue {
 public:
  // Makes the queue receive the whole message.
  void push(std::string_view message);

  Moved flush(int fd) { return queue_.flush(fd, pool_); }

  bool empty() const noexcept { return queue_.empty(); }
  std::size_t bytes() const noexcept { return queue_.bytes(); }
  std::string_view copy(std::size_t from, std::span<char> buffer) const noexcept {
    return queue_.copy(from, buffer);
  }

 private:
  SocketPair feed_ = make_socket_pair();
  BlockPool pool_;
  MessageQueue queue_;
};

}  // namespace echo::test
