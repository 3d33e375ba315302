#pragma once

#include <cstddef>

#include "echo/server/message_queue.h"

namespace echo::test {

// The memory of an idle connection: its state, and its entries in the server's tables. With two
// blocks it is the 33 KiB of the manual.
constexpr std::size_t kConnectionMemory = 33UL * 1024 - 2 * MessageQueue::kBlockBytes;

// The most memory that connections with full queues may add to a server without connections. The
// allocator and the queue need a fiftieth of the pending bytes. The first block may be partly sent,
// and the last one partly empty.
constexpr std::size_t memory_bound(std::size_t connections, std::size_t max_queue) {
  return connections *
         (max_queue + max_queue / 50 + 2 * MessageQueue::kBlockBytes + kConnectionMemory);
}

}  // namespace echo::test
