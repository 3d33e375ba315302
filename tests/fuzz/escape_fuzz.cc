// Arbitrary bytes, escaped for a log line: the result is printable and loses no information.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "echo/base/escape.h"
#include "echo/os/log.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

namespace echo {
namespace {

using fuzz::require;

bool is_control(char byte) { return static_cast<unsigned char>(byte) < ' ' || byte == 0x7f; }
bool is_printable(char byte) { return byte >= ' ' && byte <= '~'; }

char from_hex(const std::string& digits) {
  return static_cast<char>(std::stoi(digits, nullptr, 16));
}

// Reverses escape().
std::string unescape(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const bool escaped = text.front() == '\\' && text.size() >= 2;
    const char byte = text[escaped ? 1 : 0];
    std::size_t length = escaped ? 2 : 1;
    if (!escaped || byte == '"' || byte == '\\') {
      bytes += byte;
    } else if (byte == 'x') {
      bytes += from_hex(std::string(text.substr(2, 2)));
      length = 4;
    } else {
      bytes += byte == 'n' ? '\n' : byte == 'r' ? '\r' : '\t';
    }
    text.remove_prefix(std::min(length, text.size()));
  }
  return bytes;
}

void check_hex(char byte) {
  const std::string digits = hex(byte);
  require(digits.size() == 2 && from_hex(digits) == byte,
          "two hexadecimal digits represent the byte");
}

void check_escape(std::string_view bytes) {
  const std::string text = escape(bytes);
  require(std::all_of(text.begin(), text.end(), is_printable), "escape() yields printable ASCII");
  require(unescape(text) == bytes, "escape() is reversible");
}

void check_escape_controls(std::string_view bytes) {
  std::string expected;
  for (const char byte : bytes) {
    expected += is_control(byte) ? "\\x" + hex(byte) : std::string(1, byte);
  }
  require(escape_controls(bytes) == expected, "only control characters are escaped");
}

void check_escape_unprintable(std::string_view bytes) {
  std::string expected;
  for (const char byte : bytes) {
    expected += is_printable(byte) ? std::string(1, byte) : "\\x" + hex(byte);
  }
  require(escape_unprintable(bytes) == expected, "all bytes except printable ASCII are escaped");
}

void check_payload(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, Payload::kMaxBytes);
  std::string expected = '"' + escape(head) + '"';
  if (bytes.size() > head.size()) expected += "... (" + std::to_string(bytes.size()) + " bytes)";
  require(Payload(bytes).to_string() == expected,
          "a long payload is shown as its head and its length");
  require(Payload(head, bytes.size()).to_string() == expected,
          "a payload can be made of its head and its length");
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = echo::fuzz::Input(data, size).rest();
  if (!bytes.empty()) echo::check_hex(bytes.front());
  echo::check_escape(bytes);
  echo::check_escape_controls(bytes);
  echo::check_escape_unprintable(bytes);
  echo::check_payload(bytes);
  return 0;
}
