#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "echo/base/time.h"

namespace echo {

// What a connection of the client is to say: a stream of bytes that grows at its end. Offsets count
// from the first byte ever said.
class Script {
 public:
  virtual ~Script() = default;

  // The offset one past the last byte.
  virtual std::uint64_t end() const noexcept = 0;

  // Bytes from `offset` on, one at least where it is not the end; what follows them may have to be
  // asked for anew. `offset` is that of a byte whose echo is still to be checked, or the end. Valid
  // until the script changes.
  virtual std::string_view from(std::uint64_t offset) const noexcept = 0;

  // Nothing will be said any more.
  virtual bool finished() const noexcept = 0;

  // When the first message was handed over of whose echo, `received` bytes of the whole being
  // there, something is missing; Time::max() where nothing is. nullopt where there are no messages,
  // and each byte is an answer.
  virtual std::optional<Time> waits_since(std::uint64_t received) const noexcept = 0;
};

}  // namespace echo
