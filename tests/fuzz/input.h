#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/noise.h"

namespace echo::fuzz {

// The bytes that a target is given, taken from their front piece by piece. After the last one come
// zeros.
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

  // From 0 to `most`, which is less than 65,536.
  std::size_t number(std::size_t most) noexcept {
    const std::size_t high = byte();
    return (high << 8 | byte()) % (most + 1);
  }

  // All that is left.
  std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};

// A piece of one endless text.
inline std::string piece(std::uint64_t offset, std::size_t length) {
  std::string text(length, '\0');
  for (char& byte : text) byte = test::noise(0, offset++);
  return text;
}

// Whether the bytes are those of the text from `offset` on.
inline bool is_piece(std::string_view bytes, std::uint64_t offset) {
  return bytes == piece(offset, bytes.size());
}

}  // namespace echo::fuzz
