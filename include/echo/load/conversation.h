#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/script.h"
#include "echo/load/pattern.h"

namespace echo {

// What one connection of a load says: messages, one behind the other, whose bytes the pattern has
// for it. It remembers of each when it began, until the echo of it has come back.
class Conversation : public Script {
 public:
  struct Message {
    std::uint64_t sequence = 0;  // As whoever had it said counts them.
    Time start;                  // What its time counts from.
    Time handed;  // To its connection: what the patience with the server counts from.
    std::size_t size = 0;
    std::uint64_t end = 0;  // The offset one past its last byte.
  };

  // `pattern` must outlive this object. With `half_close` the script is finished once nothing more
  // is to be said, else once the answers to all of it are there as well.
  Conversation(const Pattern& pattern, std::uint64_t connection, bool half_close)
      : pattern_(pattern), connection_(connection), half_close_(half_close) {}

  // Not after finish(). `size` is at least 1.
  void say(std::uint64_t sequence, std::size_t size, Time start, Time handed);
  void finish() noexcept { nothing_more_ = true; }

  // The next message whose answer is complete, now that `received` bytes of the echo are there;
  // each is given once. nullopt where there is none.
  std::optional<Message> take_answered(std::uint64_t received);

  // The messages that have no complete answer yet, the oldest first.
  std::size_t in_flight() const noexcept { return messages_.size() - answered_; }
  const Message& message_in_flight(std::size_t place) const { return messages_[answered_ + place]; }

  std::uint64_t end() const noexcept override { return end_; }
  std::string_view from(std::uint64_t offset) const noexcept override {
    return pattern_.from(connection_, offset).substr(0, static_cast<std::size_t>(end_ - offset));
  }
  bool finished() const noexcept override {
    return nothing_more_ && (half_close_ || in_flight() == 0);
  }
  std::optional<Time> waits_since(std::uint64_t received) const noexcept override;

 private:
  const Pattern& pattern_;
  const std::uint64_t connection_;
  const bool half_close_;
  std::uint64_t end_ = 0;
  bool nothing_more_ = false;
  std::vector<Message> messages_;
  std::size_t answered_ = 0;  // How many of messages_, the first ones, have been given.
};

}  // namespace echo
