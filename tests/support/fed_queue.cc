#include "support/fed_queue.h"

#include <stdexcept>

namespace echo::test {

void FedQueue::push(std::string_view message) {
  while (!message.empty()) {
    std::size_t fed = send(feed_.theirs.get(), message).bytes;
    message.remove_prefix(fed);
    while (fed > 0) {
      const Moved received = queue_.receive(feed_.ours.get(), fed, pool_);
      if (received.bytes == 0) throw std::runtime_error("the queue does not take what it is fed");
      fed -= received.bytes;
    }
  }
}

}  // namespace echo::test
