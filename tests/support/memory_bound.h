#pragma once

#include <cstddef>

#include "echo/server/message_queue.h"

namespace echo::test {

// What an idle connection takes: its state, and its places in the server's tables.
constexpr std::size_t kConnectionMemory = 1024;

// The most that so many connections with full queues may take, beyond what the server takes without
// any. The allocator and the queue itself need a fiftieth of what is owed; and of the first block a
// part may have gone, and the last one has room for more.
constexpr std::size_t memory_bound(std::size_t connections, std::size_t max_queue) {
  return connections *
         (max_queue + max_queue / 50 + 2 * MessageQueue::kBlockBytes + kConnectionMemory);
}

}  // namespace echo::test
