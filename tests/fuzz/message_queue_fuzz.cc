// Compares a MessageQueue that sends to a socket with a plain text.

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "echo/os/socket.h"
#include "echo/server/message_queue.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"
#include "support/fed_queue.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using fuzz::require;

constexpr std::size_t kMaxAtOnce = 10000;

// Pushes one endless text. The offsets in it are the numbers of bytes pushed, sent, and received at
// the other end.
class Queue {
 public:
  explicit Queue(int send_buffer) {
    ::setsockopt(pair_.ours.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
  }

  void step(fuzz::Input& input) {
    enum Step { kPushOne, kPushSmall, kPush, kFlush, kReceive, kCopy, kSteps };
    switch (input.byte() % kSteps) {
      case kPushOne:
        push(1);
        break;
      case kPushSmall:
        push(input.byte());
        break;
      case kPush:
        push(input.number(kMaxAtOnce));
        break;
      case kFlush:
        if (!queue_.empty()) flush();
        break;
      case kReceive:
        receive(input.number(kMaxAtOnce));
        break;
      default:
        copy(input.number(pending()), input.number(kMaxAtOnce));
    }
    check();
  }

  // Checks that everything arrives.
  void finish() {
    while (received_ < pushed_) {
      if (!queue_.empty()) flush();
      const std::uint64_t before = received_;
      receive(kMaxAtOnce);
      require(received_ > before, "everything sent arrives");
      check();
    }
  }

 private:
  std::size_t pending() const { return static_cast<std::size_t>(pushed_ - sent_); }

  void push(std::size_t length) {
    queue_.push(fuzz::piece(pushed_, length));
    pushed_ += length;
  }

  void flush() {
    const std::size_t before = pending();
    const bool was_empty = sent_ == received_;
    const Moved moved = queue_.flush(pair_.ours.get());
    require(moved.error == 0 || moved.would_block(), "an open socket causes no error");
    require(moved.bytes <= before, "no more is sent than is pending");
    require(moved.error == 0 ? moved.bytes > 0 : moved.bytes == 0,
            "flush() either sends bytes or returns an error");
    require(!was_empty || moved.bytes > 0, "an empty socket has room");
    sent_ += moved.bytes;
  }

  void receive(std::size_t length) {
    std::string buffer(length, '\0');
    const std::size_t received = echo::receive(pair_.theirs.get(), buffer).bytes;
    require(fuzz::is_piece(std::string_view(buffer).substr(0, received), received_),
            "bytes arrive in the order in which they were pushed");
    received_ += received;
    require(received_ <= sent_, "no more arrives than was counted as sent");
  }

  void copy(std::size_t from, std::size_t length) {
    std::string buffer(length, '\0');
    const std::string_view copied = queue_.copy(from, buffer);
    require(copied.size() == std::min(length, pending() - from),
            "copy() fills the buffer if enough is pending");
    require(fuzz::is_piece(copied, sent_ + from), "copy() yields the pending bytes");
  }

  void check() {
    require(queue_.bytes() == pending(), "bytes pushed and not sent are pending");
    require(queue_.empty() == (pending() == 0), "a queue without pending bytes is empty");
    copy(0, 1);
  }

  test::SocketPair pair_ = test::make_socket_pair();
  test::FedQueue queue_;
  std::uint64_t pushed_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

// Checks that small messages do not waste memory: the queue fills each block, which the number of
// bytes sent by one flush() shows.
void check_filling(fuzz::Input input) {
  constexpr std::size_t kPromised = MessageQueue::kMaxParts * MessageQueue::kBlockBytes;
  constexpr int kRoomForAll = 1 << 20;
  const test::SocketPair pair = test::make_socket_pair();
  ::setsockopt(pair.ours.get(), SOL_SOCKET, SO_SNDBUF, &kRoomForAll, sizeof kRoomForAll);
  test::FedQueue queue;
  while (!input.empty() && queue.bytes() < 2 * kPromised) {
    const std::string message(16UL * input.byte(), 'x');
    for (int i = 0; i < 16; ++i) queue.push(message);
  }
  if (queue.empty()) return;
  const std::size_t before = queue.bytes();
  require(queue.flush(pair.ours.get()).bytes >= std::min(before, kPromised),
          "a block is filled before the next one is used");
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::fuzz::Input input(data, size);
  const std::uint8_t kind = input.byte();
  if (kind % 4 == 3) {
    echo::check_filling(input);
    return 0;
  }
  echo::Queue queue(kind * 256);
  while (!input.empty()) queue.step(input);
  queue.finish();
  return 0;
}
