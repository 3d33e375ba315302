#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "echo/base/parse.h"
#include "echo/base/time.h"

namespace echo {

// The bytes that a measuring client sends: random bytes, random lines of text, or the user's data.
//
// Random bytes and lines depend on the seed, the connection and the offset. An echo that loses,
// repeats or swaps bytes, or mixes up two connections (of this client or of one with another seed),
// therefore differs from the data sent. The same seed yields the same bytes. The user's data is the
// same on each connection.
//
// The bytes are generated once. Random bytes are sent in blocks; each is a window into them, at a
// position given by a hash of the connection number and the block number. Lines and data are sent
// in a circle; a connection begins at a line given by a hash of its number. Thus sending copies
// nothing, and checking only compares bytes.
class Pattern {
 public:
  static constexpr std::size_t kBlock = 64UL * 1024;
  static constexpr std::size_t kMaxLine = 64UL * 1024;

  // The greatest integer that every JSON parser reads exactly (RFC 8259, section 6).
  static constexpr std::uint64_t kMaxSeed = (std::uint64_t{1} << 53) - 1;

  // Returns a seed that another process, or this one at another time, does not get. It opens no
  // file, unlike std::random_device: an empty root directory has none.
  static std::uint64_t seed_of(WallTime now, pid_t process) noexcept;

  // Random bytes in messages of these sizes, which are uniformly distributed.
  Pattern(std::uint64_t seed, SizeRange sizes);
  // Lines of printable ASCII, each a message; the sizes, at most kMaxLine, include the "\n".
  static Pattern of_lines(std::uint64_t seed, SizeRange sizes);
  // The data, at least one byte, in each message.
  static Pattern of_data(std::string_view data);

  // Returns the bytes of the connection from `offset` on: at least one. The result is valid as long
  // as this object.
  std::string_view from(std::uint64_t connection, std::uint64_t offset) const noexcept;

  // Returns the size of the message `index` of the connection, which begins at `offset`.
  std::size_t size_of(std::uint64_t connection, std::uint64_t index,
                      std::uint64_t offset) const noexcept;

 private:
  enum class Kind { kRandom, kLines, kData };

  Pattern(Kind kind, std::uint64_t seed, SizeRange sizes)
      : kind_(kind), seed_(seed), sizes_(sizes) {}

  std::string_view from_circle(std::uint64_t connection, std::uint64_t offset) const noexcept;
  std::size_t random_size(std::uint64_t connection, std::uint64_t index) const noexcept;

  Kind kind_;
  std::uint64_t seed_;
  SizeRange sizes_;
  std::string bytes_;
};

}  // namespace echo
