#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/noise.h"

namespace echo::fuzz {

// The input of a target, consumed from the front. After its end, all bytes are 0.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const noexcept { return rest_.empty(); }

  std::uint8_t byte() noexcept {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }

  // Returns a number from 0 to `most`, which must be less than 65,536.
  std::size_t number(std::size_t most) noexcept {
    const std::size_t high = byte();
    return (high << 8 | byte()) % (most + 1);
  }

  // The bytes that have not been consumed.
  std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};

// Returns a piece of one endless pseudorandom text.
inline std::string piece(std::uint64_t offset, std::size_t length) {
  std::string text(length, '\0');
  for (char& byte : text) byte = test::noise(0, offset++);
  return text;
}

// True if `bytes` is the piece of this text at `offset`.
inline bool is_piece(std::string_view bytes, std::uint64_t offset) {
  return bytes == piece(offset, bytes.size());
}

}  // namespace echo::fuzz
