#include "echo/server/handover_format.h"

#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace echo {
namespace {

struct Record {
  std::uint64_t kind;
  std::uint64_t pending;
};

template <typename Number>
void append(std::string& text, const Number& number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// Removes a number from the front of the text. Throws std::runtime_error if the text is too short.
template <typename Number>
Number take_number(std::string_view& text) {
  Number number{};
  if (text.size() < sizeof number) throw std::runtime_error("truncated");
  std::memcpy(&number, text.data(), sizeof number);
  text.remove_prefix(sizeof number);
  return number;
}

// Removes `count` pieces of the size from the front of the text and returns them. Throws
// std::runtime_error if the text is too short.
std::string_view take(std::string_view& text, std::uint64_t count, std::size_t size) {
  if (count > text.size() / size) throw std::runtime_error("truncated");
  const std::string_view taken = text.substr(0, static_cast<std::size_t>(count) * size);
  text.remove_prefix(taken.size());
  return taken;
}

bool is_kind(std::uint64_t kind) {
  return kind >= static_cast<std::uint64_t>(HandoverKind::kListener) &&
         kind <= static_cast<std::uint64_t>(HandoverKind::kConnectionAtEof);
}

}  // namespace

std::string format_handover_records(std::span<const HandoverItem> items) {
  std::string text(kHandoverFormat);
  append(text, std::uint64_t{items.size()});
  for (const HandoverItem& item : items) {
    append(text, Record{.kind = static_cast<std::uint64_t>(item.kind),
                        .pending = item.pending != nullptr ? item.pending->bytes() : 0});
  }
  return text;
}

std::vector<HandoverRecord> parse_handover(std::string_view file) {
  if (!file.starts_with(kHandoverFormat)) throw std::runtime_error("unknown format or version");
  std::string_view bytes = file.substr(kHandoverFormat.size());
  const auto count = take_number<std::uint64_t>(bytes);
  std::string_view rest = take(bytes, count, sizeof(Record));
  std::vector<HandoverRecord> records;
  records.reserve(rest.size() / sizeof(Record));
  while (!rest.empty()) {
    const auto record = take_number<Record>(rest);
    if (!is_kind(record.kind)) throw std::runtime_error("unknown kind of record");
    const auto kind = static_cast<HandoverKind>(record.kind);
    if (kind == HandoverKind::kListener && record.pending > 0) {
      throw std::runtime_error("listener record with data");
    }
    records.push_back({.kind = kind, .pending = take(bytes, record.pending, 1)});
  }
  if (!bytes.empty()) throw std::runtime_error("more data than announced");
  return records;
}

}  // namespace echo
