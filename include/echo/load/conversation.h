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

// What one connection of a load sends: messages, one behind the other, whose bytes the pattern has
// for it. It remembers when each began, until the echo of it has come back.
class Conversation : public Script {
 public:
  struct Message {
    std::uint64_t sequence = 0;  // The number of the message in the load.
    Time start;                  // Its latency counts from here.
    Time handed;                 // To its connection: its timeout counts from here.
    std::size_t size = 0;
    std::uint64_t end = 0;  // The offset one past its last byte.
  };

  // `pattern` must outlive this object. With `half_close` the script is finished after finish(),
  // else once the answers to all of it are there too.
  Conversation(const Pattern& pattern, std::uint64_t connection, bool half_close)
      : pattern_(pattern), connection_(connection), half_close_(half_close) {}

  // Not after finish(). `size` is at least 1.
  void send(std::uint64_t sequence, std::size_t size, Time start, Time handed);
  void finish() noexcept { nothing_more_ = true; }

  // The next message whose answer is complete, now that `received` bytes of the echo are there;
  // each is returned once. nullopt: none.
  std::optional<Message> take_answered(std::uint64_t received);

  bool got_answer() const noexcept { return got_answer_; }

  // The messages that have no complete answer yet, the oldest first.
  std::span<const Message> in_flight() const noexcept {
    return std::span(messages_).subspan(answered_);
  }

  std::uint64_t end() const noexcept override { return end_; }
  std::string_view from(std::uint64_t offset) const noexcept override {
    return pattern_.from(connection_, offset).substr(0, static_cast<std::size_t>(end_ - offset));
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
  std::size_t answered_ = 0;  // How many of messages_, the first ones, have been returned.
  bool got_answer_ = false;
};

}  // namespace echo
