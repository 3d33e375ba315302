#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "echo/base/time.h"
#include "echo/client/script.h"

namespace echo {

// What the client sends, the same on every connection: a stream of bytes that grows at its end and
// is forgotten from its beginning, once every connection has had it back. Offsets count from the
// first byte ever appended.
class Transcript : public Script {
 public:
  void append(std::string_view bytes) { kept_ += bytes; }

  // The bytes are a message of their own, handed over now. Every connection has had the one before
  // it back.
  void append_message(std::string_view bytes, Time now) {
    append(bytes);
    handed_ = now;
  }

  // Nothing will be appended any more.
  void finish() noexcept { finished_ = true; }
  bool finished() const noexcept override { return finished_; }

  std::uint64_t end() const noexcept override { return begin_ + kept_.size(); }

  // The bytes from `offset` to the end; `offset` is one that has not been forgotten, or the end.
  // Valid until the next append() or forget_before().
  std::string_view from(std::uint64_t offset) const noexcept override {
    return std::string_view(kept_).substr(static_cast<std::size_t>(offset - begin_));
  }

  std::optional<Time> waits_since(std::uint64_t received) const noexcept override {
    return handed_ && received == end() ? Time::max() : handed_;
  }

  // The bytes before `offset` are needed no more. The memory goes when it is half of what is kept,
  // so that no byte is moved more than about once.
  void forget_before(std::uint64_t offset) {
    const auto forgotten = static_cast<std::size_t>(offset - begin_);
    if (forgotten < kept_.size() / 2 || forgotten == 0) return;
    kept_.erase(0, forgotten);
    begin_ = offset;
  }

 private:
  std::string kept_;
  std::uint64_t begin_ = 0;
  std::optional<Time> handed_;  // The last message. None: there are no messages.
  bool finished_ = false;
};

}  // namespace echo
