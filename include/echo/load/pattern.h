#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "echo/base/parse.h"
#include "echo/base/time.h"

namespace echo {

// The bytes that a measuring client sends: pseudorandom bytes that depend on the seed, the
// connection and the offset. An echo that loses, repeats or swaps bytes, or mixes up two
// connections (of this client or of one with another seed), therefore differs from the data sent.
// The same seed yields the same bytes.
//
// The bytes are generated once. Each block that a connection sends is a window into them, at a
// position given by a hash of the connection number and the block number. Thus sending copies
// nothing, and checking only compares bytes.
class Pattern {
 public:
  static constexpr std::size_t kBlock = 64UL * 1024;

  // The greatest integer that every JSON parser reads exactly (RFC 8259, section 6).
  static constexpr std::uint64_t kMaxSeed = (std::uint64_t{1} << 53) - 1;

  // Returns a seed that another process, or this one at another time, does not get. It opens no
  // file, unlike std::random_device: an empty root directory has none.
  static std::uint64_t seed_of(WallTime now, pid_t process) noexcept;

  explicit Pattern(std::uint64_t seed);

  // Returns the bytes of the connection from `offset` to the end of the block. The result is valid
  // as long as this object.
  std::string_view from(std::uint64_t connection, std::uint64_t offset) const noexcept;

  // Returns the size of a message of the connection: a uniform choice from the range.
  std::size_t size_of(SizeRange range, std::uint64_t connection,
                      std::uint64_t index) const noexcept;

 private:
  std::uint64_t seed_;
  std::string bytes_;
};

}  // namespace echo
