#include "echo/base/escape.h"

#include <algorithm>

namespace echo {
namespace {

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

bool is_printable(char byte) { return byte >= ' ' && byte <= '~'; }

std::string escape_byte(char byte) {
  switch (byte) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '"':
    case '\\':
      return {'\\', byte};
    default:
      return is_printable(byte) ? std::string(1, byte) : "\\x" + hex(byte);
  }
}

// Writes the bytes for which `is_escaped` is true in the form "\x1b".
template <typename Predicate>
std::string escape_if(Predicate is_escaped, std::string_view text) {
  std::string escaped;
  for (const char byte : text) escaped += is_escaped(byte) ? "\\x" + hex(byte) : std::string{byte};
  return escaped;
}

// Three digits, so that no digit can follow. A shell need not stop after two digits of "\x".
std::string octal(char byte) {
  const unsigned value = static_cast<unsigned char>(byte);
  const auto digit = [value](unsigned shift) {
    return static_cast<char>('0' + static_cast<char>((value >> shift) & 7U));
  };
  return {'\\', digit(6), digit(3), digit(0)};
}

}  // namespace

std::string hex(char byte) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  return {kDigits[value >> 4], kDigits[value & 0xF]};
}

std::string escape(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += escape_byte(byte);
  return text;
}

std::string escape_controls(std::string_view text) {
  return escape_if([](char byte) { return is_control(byte); }, text);
}

std::string escape_unprintable(std::string_view text) {
  return escape_if([](char byte) { return !is_printable(byte); }, text);
}

std::string quote_for_shell(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  const bool is_text = std::all_of(word.begin(), word.end(), is_printable);
  std::string quoted = is_text ? "'" : "$'";
  for (const char byte : word) {
    if (byte == '\'') {
      quoted += is_text ? R"('\'')" : R"(\')";
    } else {
      quoted +=
          is_printable(byte) && (is_text || byte != '\\') ? std::string(1, byte) : octal(byte);
    }
  }
  return quoted + "'";
}

}  // namespace echo
