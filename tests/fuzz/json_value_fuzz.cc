// Arbitrary bytes as JSON: the parser accepts them, or reports an offset within them. An accepted
// text can be written and parsed again without a change.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "echo/base/json_value.h"
#include "echo/base/parse.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

namespace echo {
namespace {

using fuzz::require;

std::string write_string(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "\"";
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < ' ' || byte == '"' || byte == '\\') {
      text.append("\\u00").append({kDigits[code / 16U], kDigits[code % 16U]});
    } else {
      text += byte;
    }
  }
  return text + "\"";
}

// NOLINTBEGIN(misc-no-recursion): the parser limits the depth.
std::string write(const JsonValue& value) {
  if (value.as<JsonValue::Null>() != nullptr) return "null";
  if (const auto* const boolean = value.as<bool>()) return *boolean ? "true" : "false";
  // Any number that is not whole is as good as another.
  if (const auto* const number = value.as<JsonValue::Number>()) {
    return *number ? std::to_string(**number) : "-1";
  }
  if (const auto* const string = value.as<std::string>()) return write_string(*string);
  std::string text;
  if (const auto* const array = value.as<JsonValue::Array>()) {
    for (const JsonValue& item : *array) text += (text.empty() ? "" : ",") + write(item);
    return "[" + text + "]";
  }
  for (const auto& [name, member] : *value.as<JsonValue::Object>()) {
    require(value.find(name) == &member, "each member is found by its name");
    text += (text.empty() ? "" : ",") + write_string(name) + ":" + write(member);
  }
  return "{" + text + "}";
}
// NOLINTEND(misc-no-recursion)

void check_error(std::string_view reason, std::size_t size) {
  constexpr std::string_view kBeginning = "not JSON at offset ";
  require(reason.starts_with(kBeginning), "each error has an offset");
  reason.remove_prefix(kBeginning.size());
  const auto offset = parse_number(reason.substr(0, reason.find(':')));
  require(offset && *offset <= size, "the offset is within the text");
}

void check(std::string_view text) {
  std::optional<JsonValue> value;
  try {
    value = JsonValue::parse(text);
  } catch (const JsonError& error) {
    check_error(error.what(), text.size());
    return;
  }
  const std::string written = write(*value);
  require(write(JsonValue::parse(written)) == written, "what was parsed can be written and parsed");
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::check(echo::fuzz::Input(data, size).rest());
  return 0;
}
