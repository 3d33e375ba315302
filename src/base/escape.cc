#include "echo/base/escape.h"

#include "echo/base/utf8.h"

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

std::string escape_json_byte(char byte) {
  if (is_control(byte)) return "\\u00" + hex(byte);
  if (byte == '"' || byte == '\\') return {'\\', byte};
  return {byte};
}

std::string escape_xml_byte(char byte) {
  switch (byte) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    default:
      return {byte};
  }
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
  std::string shown;
  for (const char byte : text) {
    if (is_control(byte)) {
      shown += "\\x" + hex(byte);
    } else {
      shown += byte;
    }
  }
  return shown;
}

std::string escape_json(std::string_view text) {
  std::string escaped;
  for (const char byte : valid_utf8(text)) escaped += escape_json_byte(byte);
  return escaped;
}

std::string escape_xml(std::string_view text) {
  std::string escaped;
  for (const char byte : escape_controls(valid_utf8(text))) escaped += escape_xml_byte(byte);
  return escaped;
}

}  // namespace echo
