#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/script.h"
#include "echo/load/pattern.h"

namespace echo {

// The script of one connection of a load: a sequence of messages with bytes from the pattern. Keeps
// the start time of each message until its echo is complete.
class Conversation : public Script {
 public:
  struct Message {
    std::uint64_t sequence = 0;  // The number of the message in the load.
    Time start;                  // The latency counts from here.
    Time handed;                 // When the connection got it. The timeout counts from here.
    std::size_t size = 0;
    std::uint64_t end = 0;  // The offset one past its last byte.
  };

  // `pattern` must outlive this object. With `half_close` the script is finished immediately after
  // finish(); without it, once all answers have been received too.
  Conversation(const Pattern& pattern, std::uint64_t connection, bool half_close)
      : pattern_(pattern), connection_(connection), half_close_(half_close) {}

  // Appends a message. A message of size 0 is answered at once. Must not be called after finish().
  void send(std::uint64_t sequence, std::size_t size, Time start, Time handed);
  void finish() noexcept { nothing_more_ = true; }

  // Returns the next message whose answer is complete, if `received` bytes of the echo have
  // arrived; nullopt if there is none. Returns each message once.
  std::optional<Message> take_answered(std::uint64_t received);

  bool got_answer() const noexcept { return got_answer_; }

  // The messages without a complete answer, oldest first.
  std::span<const Message> in_flight() const noexcept {
    return std::span(messages_).subspan(answered_);
  }

  std::uint64_t end() const noexcept override { return end_; }
  std::string_view from(std::uint64_t offset) const noexcept override {
    return up_to(end_ - offset, pattern_.from(connection_, offset));
  }
  bool finished() const noexcept override {
    return nothing_more_ && (half_close_ || in_flight().empty());
  }
  std::optional<Time> waits_since(std::uint64_t received) const noexcept override;

 private:
  const Pattern& pattern_;
  const std::uint64_t connection_;
  const bool half_close_;
  std::uint64_t end_ = 0;
  bool nothing_more_ = false;
  std::vector<Message> messages_;
  std::size_t answered_ = 0;  // Messages at the front of messages_ that have been returned.
  bool got_answer_ = false;
};

}  // namespace echo
