#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "echo/base/time.h"

namespace echo {

// What a connection of the client sends: a stream of bytes that grows at its end. Offsets count
// from its first byte.
class Script {
 public:
  virtual ~Script() = default;

  // The offset one past the last byte.
  virtual std::uint64_t end() const noexcept = 0;

  // Bytes from `offset` on, at least one unless it is the end; what follows them may take another
  // call. `offset` is that of a byte whose echo has not been checked, or the end. Valid until the
  // script changes.
  virtual std::string_view from(std::uint64_t offset) const noexcept = 0;

  // It will not grow any more.
  virtual bool finished() const noexcept = 0;

  // With `received` bytes of the echo there: when the first message that lacks some of its echo was
  // handed over; Time::max() if none does. nullopt: there are no messages, each byte is an answer.
  virtual std::optional<Time> waits_since(std::uint64_t received) const noexcept = 0;
};

}  // namespace echo
