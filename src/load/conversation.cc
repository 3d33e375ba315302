#include "echo/load/conversation.h"

#include <algorithm>

namespace echo {

void Conversation::send(std::uint64_t sequence, std::size_t size, Time start, Time handed) {
  end_ += size;
  messages_.push_back(
      {.sequence = sequence, .start = start, .handed = handed, .size = size, .end = end_});
}

std::optional<Conversation::Message> Conversation::take_answered(std::uint64_t received) {
  if (in_flight().empty() || messages_[answered_].end > received) return std::nullopt;
  got_answer_ = true;
  const Message message = messages_[answered_++];
  // Erases the returned messages once they are half of all, so that the average message is moved at
  // most about once.
  if (answered_ * 2 >= messages_.size()) {
    messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(answered_));
    answered_ = 0;
  }
  return message;
}

std::optional<Time> Conversation::waits_since(std::uint64_t received) const noexcept {
  const std::span<const Message> sent = in_flight();
  const auto waits = std::upper_bound(
      sent.begin(), sent.end(), received,
      [](std::uint64_t offset, const Message& message) { return offset < message.end; });
  return waits == sent.end() ? Time::max() : waits->handed;
}

}  // namespace echo
