#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace echo {

// A text is not JSON. The text of the error contains the offset of the first wrong byte.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A value of a JSON text (RFC 8259). It takes up to 60 bytes of memory
// per byte of the text.
class JsonValue {
 public:
  // The maximum of arrays and objects around a value.
  static constexpr std::size_t kMaxDepth = 64;

  struct Null {};
  // nullopt for a negative number, one with a fraction or an exponent, and one above 2^64 - 1.
  using Number = std::optional<std::uint64_t>;
  using Array = std::vector<JsonValue>;
  struct Member;
  using Object = std::vector<Member>;  // Ordered by name. All names are different.
  using Any = std::variant<Null, bool, Number, std::string, Array, Object>;

  // Parses the whole text. Throws JsonError if it breaks the grammar, has a value nested deeper
  // than kMaxDepth, an object with two members of the same name, or half a surrogate pair. Bytes
  // above 0x7f in strings are not checked.
  static JsonValue parse(std::string_view text);

  explicit JsonValue(Any value);

  // Returns the value if it has this type, otherwise nullptr.
  template <typename Type>
  const Type* as() const noexcept {
    return std::get_if<Type>(&value_);
  }

  // Returns the member of an object; nullptr if there is none, or if this is not an object.
  const JsonValue* find(std::string_view name) const noexcept;

 private:
  Any value_;
};

struct JsonValue::Member {
  std::string name;
  JsonValue value;
};

}  // namespace echo
