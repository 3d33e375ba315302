#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "echo/server/message_queue.h"

namespace echo {

// The file in the package of a handover (see Handover): this line, which ends with the version; the
// number of records; the records; and their pending bytes, in the same order. Each record has two
// numbers of 64 bits: its kind and its pending bytes. Numbers have the machine's own byte order.
constexpr std::string_view kHandoverFormat = "echo_server handover 1\n";

enum class HandoverKind : std::uint64_t {
  kListener = 1,
  kConnection = 2,
  kConnectionAtEof = 3,  // The peer has sent EOF: close after the pending bytes.
};

struct HandoverItem {
  int fd;
  HandoverKind kind;
  const MessageQueue* pending;  // Nullptr: nothing.
};

// Returns the file up to the last record, without the pending bytes.
std::string format_handover_records(std::span<const HandoverItem> items);

// The file's record of one descriptor.
struct HandoverRecord {
  HandoverKind kind;
  std::string_view pending;  // Points into the text of the file.
};

// Parses the file, which may contain anything. Throws std::runtime_error unless the file has this
// format and version, is complete, and contains nothing else.
std::vector<HandoverRecord> parse_handover(std::string_view file);

}  // namespace echo
