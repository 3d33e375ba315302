// A handover file with arbitrary content: parse_handover() rejects it or reads all of it.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "echo/server/handover.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

namespace echo {
namespace {

using fuzz::require;

void append(std::string& text, std::uint64_t number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// Returns the file in the format of handover.h.
std::string file_of(const std::vector<HandoverRecord>& records) {
  std::string text = "echo_server handover 1\n";
  append(text, records.size());
  for (const HandoverRecord& record : records) {
    append(text, static_cast<std::uint64_t>(record.kind));
    append(text, record.pending.size());
  }
  for (const HandoverRecord& record : records) text += record.pending;
  return text;
}

void check_handover(std::string_view file) {
  std::vector<HandoverRecord> records;
  try {
    records = parse_handover(file);
  } catch (const std::runtime_error&) {
    return;
  }
  require(file_of(records) == file, "the records contain everything in the file");
  for (const HandoverRecord& record : records) {
    require(record.kind != HandoverKind::kListener || record.pending.empty(),
            "a listener has no pending bytes");
  }
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::check_handover({reinterpret_cast<const char*>(data), size});
  return 0;
}
