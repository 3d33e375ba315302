#include "echo/load/conversation.h"

#include <algorithm>

namespace echo {

void Conversation::say(std::uint64_t sequence, std::size_t size, Time start, Time handed) {
  end_ += size;
  messages_.push_back(
      {.sequence = sequence, .start = start, .handed = handed, .size = size, .end = end_});
}

std::optional<Conversation::Message> Conversation::take_answered(std::uint64_t received) {
  if (in_flight() == 0 || messages_[answered_].end > received) return std::nullopt;
  const Message message = messages_[answered_++];
  // The memory is used again when half of it has been given, so that no message is moved more than
  // about once.
  if (answered_ * 2 >= messages_.size()) {
    messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(answered_));
    answered_ = 0;
  }
  return message;
}

std::optional<Time> Conversation::waits_since(std::uint64_t received) const noexcept {
  const auto first = messages_.begin() + static_cast<std::ptrdiff_t>(answered_);
  const auto waits = std::upper_bound(
      first, messages_.end(), received,
      [](std::uint64_t offset, const Message& message) { return offset < message.end; });
  return waits == messages_.end() ? Time::max() : waits->handed;
}

}  // namespace echo
