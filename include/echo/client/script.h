#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "echo/base/time.h"

namespace echo {

// Returns the first `length` bytes, or all if there are fewer: a size_t may be too small for
// `length`.
constexpr std::string_view up_to(std::uint64_t length, std::string_view bytes) noexcept {
  return length < bytes.size() ? bytes.substr(0, static_cast<std::size_t>(length)) : bytes;
}

// The data that a connection of the client sends: a stream of bytes that may grow at its end.
// Offsets count from the first byte of the stream.
class Script {
 public:
  virtual ~Script() = default;

  // The offset one past the last byte.
  virtual std::uint64_t end() const noexcept = 0;

  // Returns bytes that begin at `offset`: at least one unless `offset` is the end, but not
  // necessarily all. The echo of these bytes must not have been checked yet. The result is valid
  // until the script changes.
  virtual std::string_view from(std::uint64_t offset) const noexcept = 0;

  // True if the script will not grow any more.
  virtual bool finished() const noexcept = 0;

  // Returns the time at which the oldest message without a complete echo was added, if `received`
  // bytes of the echo have arrived; Time::max() if every message has its echo. Returns nullopt if
  // the script has no messages: each byte then counts as an answer.
  virtual std::optional<Time> waits_since(std::uint64_t received) const noexcept = 0;
};

}  // namespace echo
