#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "echo/base/parse.h"

namespace echo {

// The bytes that a measuring client sends: random ones, others for each seed, on each connection
// and at each offset. So an echo that loses a byte, repeats one, or swaps two brings other bytes
// than were sent, as does one that takes one connection for another, of this client or of another
// one with its own seed. The same seed gives the same bytes.
//
// They are made once. What a connection sends is windows into them, a block each, whose places a
// hash of the connection's number and the block's has chosen: nothing is copied, and the check of
// an echo is memcmp(3).
class Pattern {
 public:
  static constexpr std::size_t kBlock = 64UL * 1024;

  // The seeds end where every reader of JSON still knows two integers apart (RFC 8259, section 6).
  static constexpr std::uint64_t kMaxSeed = (std::uint64_t{1} << 53) - 1;

  // A seed that no other process is likely to have.
  static std::uint64_t draw_seed();

  explicit Pattern(std::uint64_t seed);

  // What the connection sends from `offset` on, to the end of the block. Valid as long as this is.
  std::string_view from(std::uint64_t connection, std::uint64_t offset) const noexcept;

  // How long the connection's message with that index is: any size of the range is as likely.
  std::size_t size_of(SizeRange range, std::uint64_t connection,
                      std::uint64_t index) const noexcept;

 private:
  std::uint64_t seed_;
  std::string bytes_;
};

}  // namespace echo
