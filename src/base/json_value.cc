#include "echo/base/json_value.h"

#include <algorithm>
#include <utility>

#include "echo/base/parse.h"

namespace echo {
namespace {

using Member = JsonValue::Member;

// Reads a text from its beginning to its end. There is one function per rule of the grammar.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  JsonValue read() {
    JsonValue value = element(0);
    if (next_ < text_.size()) fail("text after the value");
    return value;
  }

 private:
  static constexpr std::size_t kNone = std::string_view::npos;

  [[noreturn]] void fail(const std::string& reason) const {
    throw JsonError("not JSON at offset " + std::to_string(next_) + ": " +
                    (next_ < text_.size() ? reason : "the text ends early"));
  }

  bool take(std::string_view token) {
    if (!text_.substr(next_).starts_with(token)) return false;
    next_ += token.size();
    return true;
  }

  void expect(std::string_view token) {
    if (!take(token)) fail("'" + std::string(token) + "' is missing");
  }

  // The index of the next byte in `bytes`, or kNone.
  std::size_t next_in(std::string_view bytes) const {
    return next_ < text_.size() ? bytes.find(text_[next_]) : kNone;
  }

  void skip(std::string_view bytes) {
    next_ = std::min(text_.find_first_not_of(bytes, next_), text_.size());
  }

  void skip_space() { skip(" \t\r\n"); }

  void skip_digits() {
    const std::size_t begin = next_;
    skip("0123456789");
    if (next_ == begin) fail("a digit is missing");
  }

  // NOLINTBEGIN(misc-no-recursion): the depth is limited.
  JsonValue element(std::size_t depth) {
    skip_space();
    JsonValue value(bare_value(depth));
    skip_space();
    return value;
  }

  JsonValue::Any bare_value(std::size_t depth) {
    if (depth > JsonValue::kMaxDepth) fail("nested too deeply");
    if (take("{")) return object(depth + 1);
    if (take("[")) return array(depth + 1);
    if (take("\"")) return string();
    if (take("true")) return true;
    if (take("false")) return false;
    if (take("null")) return JsonValue::Null{};
    if (next_in("-0123456789") == kNone) fail("a value is missing");
    return number();
  }

  JsonValue::Array array(std::size_t depth) {
    JsonValue::Array items;
    skip_space();
    if (take("]")) return items;
    do {
      items.push_back(element(depth));
    } while (take(","));
    expect("]");
    return items;
  }

  JsonValue::Object object(std::size_t depth) {
    JsonValue::Object members;
    skip_space();
    if (take("}")) return members;
    do {
      skip_space();
      expect("\"");
      std::string name = string();
      skip_space();
      expect(":");
      members.push_back({.name = std::move(name), .value = element(depth)});
    } while (take(","));
    const auto is_less = [](const Member& one, const Member& two) { return one.name < two.name; };
    const auto is_equal = [](const Member& one, const Member& two) { return one.name == two.name; };
    std::sort(members.begin(), members.end(), is_less);
    if (std::adjacent_find(members.begin(), members.end(), is_equal) != members.end()) {
      fail("two members have the same name");
    }
    expect("}");
    return members;
  }
  // NOLINTEND(misc-no-recursion)

  JsonValue::Number number() {
    const std::size_t begin = next_;
    const bool is_negative = take("-");
    if (!take("0")) skip_digits();  // No digit follows a leading zero.
    const std::size_t end = next_;
    if (take(".")) skip_digits();
    if (take("e") || take("E")) {
      if (!take("+")) take("-");
      skip_digits();
    }
    if (is_negative || next_ > end) return std::nullopt;
    return parse_number(text_.substr(begin, end - begin));
  }

  // The rest of a string, after its opening quote.
  std::string string() {
    std::string text;
    while (!take("\"")) {
      if (take("\\")) {
        add_escaped(text);
        continue;
      }
      if (next_ == text_.size() || static_cast<unsigned char>(text_[next_]) < ' ') {
        fail("a control character in a string");
      }
      text += text_[next_++];
    }
    return text;
  }

  // The rest of an escape sequence, after its backslash.
  void add_escaped(std::string& text) {
    constexpr std::string_view kLetters = R"("\/bfnrt)";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (take("u")) {
      add_utf8(text, code_point());
      return;
    }
    const std::size_t letter = next_in(kLetters);
    if (letter == kNone) fail("an unknown escape sequence");
    text += kMeanings[letter];
    ++next_;
  }

  char32_t code_point() {
    const char32_t high = code_unit();
    if (high < 0xd800 || high > 0xdfff) return high;
    const char32_t low = high < 0xdc00 && take("\\u") ? code_unit() : 0;
    if (low < 0xdc00 || low > 0xdfff) fail("half a surrogate pair");
    return 0x10000 + ((high - 0xd800) << 10U) + (low - 0xdc00);
  }

  char32_t code_unit() {
    constexpr std::string_view kDigits = "0123456789abcdefABCDEF";  // 'A' is 6 behind 'a'.
    char32_t unit = 0;
    for (int count = 0; count < 4; ++count, ++next_) {
      const std::size_t digit = next_in(kDigits);
      if (digit == kNone) fail("a hexadecimal digit is missing");
      unit = unit * 16 + static_cast<char32_t>(digit < 16 ? digit : digit - 6);
    }
    return unit;
  }

  static void add_utf8(std::string& text, char32_t point) {
    const auto add = [&text](char32_t byte) { text += static_cast<char>(byte); };
    const auto add_tail = [&](unsigned shift) { add(0x80 | (point >> shift & 0x3f)); };
    if (point < 0x80) return add(point);
    if (point < 0x800) {
      add(0xc0 | point >> 6U);
    } else if (point < 0x10000) {
      add(0xe0 | point >> 12U);
      add_tail(6);
    } else {
      add(0xf0 | point >> 18U);
      add_tail(12);
      add_tail(6);
    }
    add_tail(0);
  }

  const std::string_view text_;
  std::size_t next_ = 0;  // The offset of the next byte.
};

}  // namespace

JsonValue::JsonValue(Any value) : value_(std::move(value)) {}

JsonValue JsonValue::parse(std::string_view text) { return JsonReader(text).read(); }

const JsonValue* JsonValue::find(std::string_view name) const noexcept {
  const auto* const members = as<Object>();
  if (members == nullptr) return nullptr;
  const auto member = std::lower_bound(
      members->begin(), members->end(), name,
      [](const Member& each, std::string_view sought) { return each.name < sought; });
  return member != members->end() && member->name == name ? &member->value : nullptr;
}

}  // namespace echo
