#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "echo/units.h"

namespace echo {

// The bytes that a measuring client says: random ones, other ones on each connection and at each
// offset, and the same on each run. So an echo that loses a byte, says one twice, or mixes two up
// brings other bytes than were sent, as does one that takes one connection for another.
//
// They are made once. What a connection says is windows into them, a block each, whose places a
// hash of the connection's number and the block's has chosen: nothing is copied, and the check of
// an echo is memcmp(3).
class Pattern {
 public:
  static constexpr std::size_t kBlock = 64UL * 1024;

  Pattern();

  // What the connection says from `offset` on, to the end of the block. Valid as long as this is.
  std::string_view from(std::uint64_t connection, std::uint64_t offset) const noexcept;

  // How long the connection's message with that index is: any size of the range is as likely.
  static std::size_t size_of(SizeRange range, std::uint64_t connection,
                             std::uint64_t index) noexcept;

 private:
  std::string bytes_;
};

}  // namespace echo
