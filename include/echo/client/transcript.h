#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "echo/base/time.h"
#include "echo/client/script.h"

namespace echo {

// The script that all connections of a Client share. Bytes are appended at the end, and discarded
// at the beginning once every connection has received their echo. Offsets count from the first byte
// ever appended.
class Transcript : public Script {
 public:
  void append(std::string_view bytes) { kept_ += bytes; }

  // Appends a message, for which waits_since() reports the time `now`. Every connection must have
  // received the echo of the previous message.
  void append_message(std::string_view bytes, Time now) {
    append(bytes);
    handed_ = now;
  }

  // Call this once nothing more will be appended.
  void finish() noexcept { finished_ = true; }
  bool finished() const noexcept override { return finished_; }

  std::uint64_t end() const noexcept override { return begin_ + kept_.size(); }

  // Returns all bytes from `offset` to the end. The bytes must not have been discarded. The result
  // is valid until the next append() or forget_before().
  std::string_view from(std::uint64_t offset) const noexcept override {
    return std::string_view(kept_).substr(static_cast<std::size_t>(offset - begin_));
  }

  std::optional<Time> waits_since(std::uint64_t received) const noexcept override {
    return handed_ && received == end() ? Time::max() : handed_;
  }

  // The caller no longer needs the bytes before `offset`. They are erased once they are half of the
  // bytes kept, so that the average byte is moved at most about once.
  void forget_before(std::uint64_t offset) {
    const auto forgotten = static_cast<std::size_t>(offset - begin_);
    if (forgotten < kept_.size() / 2 || forgotten == 0) return;
    kept_.erase(0, forgotten);
    begin_ = offset;
  }

 private:
  std::string kept_;
  std::uint64_t begin_ = 0;
  std::optional<Time> handed_;  // When the last message was appended. nullopt: no messages.
  bool finished_ = false;
};

}  // namespace echo
