#include "echo/base/utf8.h"

#include <algorithm>
#include <array>
#include <bit>

namespace echo {
namespace {

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

bool is_character(char32_t code, std::size_t length) {
  // Below that, fewer bytes would do.
  static constexpr std::array<char32_t, 3> kLeast{0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  const bool is_noncharacter = code == 0xFFFE || code == 0xFFFF;
  return code >= kLeast.at(length - 2) && code <= 0x10FFFF && !is_surrogate && !is_noncharacter;
}

// The bytes of the character at the beginning of the text, which is not empty. 0: there is none.
std::size_t length_of_first(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return 1;
  const auto length = static_cast<std::size_t>(std::countl_one(lead));
  if (length < 2 || length > 4 || length > text.size()) return 0;
  char32_t code = lead & (0x7FU >> length);
  for (const char byte : text.substr(1, length - 1)) {
    if (!is_continuation(byte)) return 0;
    code = code << 6U | (static_cast<unsigned char>(byte) & 0x3FU);
  }
  return is_character(code, length) ? length : 0;
}

std::string fill_for(std::string_view text, std::size_t columns) {
  const std::size_t has = columns_of(text);
  std::string spaces;
  if (has < columns) spaces.assign(columns - has, ' ');
  return spaces;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const std::size_t length = length_of_first(text);
    valid += length > 0 ? text.substr(0, length) : "\uFFFD";
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return valid;
}

std::size_t columns_of(std::string_view text) {
  return text.size() -
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_continuation));
}

std::string shorten(std::string_view text, std::size_t columns) {
  constexpr std::string_view kEllipsis = "...";
  if (columns_of(text) <= columns) return std::string(text);
  // One less only where a character's first byte goes, after its others.
  while (columns_of(text) + kEllipsis.size() > columns) text.remove_suffix(1);
  return std::string(text).append(kEllipsis);
}

std::string align_left(std::string_view text, std::size_t columns) {
  return std::string(text) + fill_for(text, columns);
}

std::string align_right(std::string_view text, std::size_t columns) {
  return fill_for(text, columns).append(text);
}

}  // namespace echo
