#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "echo/os/unique_fd.h"
#include "echo/server/message_queue.h"

namespace echo {

// What one server hands to the next, so that a restart breaks no connection: its listeners, its
// connections, and their pending bytes.
//
// All of it is behind one descriptor, however many connections there are: a socket in whose queue
// the others wait (SOCK_SEQPACKET; unix(7), SCM_RIGHTS). The first message there carries the
// listeners, and a file in memory that describes all descriptors and holds the bytes
// (memfd_create(2)); so these can be read without taking anything out. It is one descriptor since
// systemd compares each one that it is given to keep with all that it keeps already, and names all
// in one bounded variable.

// The name by which the service manager keeps it.
constexpr const char* kHandoverName = "handover";

enum class HandoverKind : std::uint64_t {
  kListener = 1,
  kConnection = 2,
  kConnectionAtEof = 3,  // The peer has sent EOF: to be closed once its pending bytes are sent.
};

struct HandoverItem {
  int fd;
  HandoverKind kind;
  const MessageQueue* pending;  // Nullptr: nothing.
};

// The giving side.
class Handover {
 public:
  // Makes the package: the descriptors stay open here too. The listeners come first, 252 at most.
  // 0, or an errno value. Throws std::bad_alloc.
  int pack(std::span<const HandoverItem> items);

  // The one descriptor, for the service manager to keep.
  int fd() const noexcept { return package_.get(); }

  // Closes the package here. Returns whether another process keeps it; if not, it is gone.
  bool release() noexcept;

 private:
  int put_descriptors(std::span<const HandoverItem> items, int state) const;

  UniqueFd package_;
  UniqueFd sender_;
};

// What the file says about one descriptor.
struct HandoverRecord {
  HandoverKind kind;
  std::string_view pending;  // Within the file's text.
};

// Reads the file. It may hold anything: throws std::runtime_error unless it has this format and
// version, is complete, and holds nothing else.
std::vector<HandoverRecord> parse_handover(std::string_view file);

// For memory that mmap(2) gave.
struct Unmap {
  std::size_t length = 0;
  void operator()(void* memory) const noexcept;
};

// A connection of the server before this one.
struct RestoredConnection {
  UniqueFd fd;
  bool at_eof;
  std::string_view pending;  // As long as its HandoverReader lives.
};

// The taking side: what a package holds, fit for use: TCP sockets that listen or are connected,
// non-blocking, closed on exec.
class HandoverReader {
 public:
  // No package.
  HandoverReader() = default;

  // Reads the file, and takes copies of the listeners. The package may hold anything: what does not
  // fit is closed, and is an error().
  explicit HandoverReader(UniqueFd package);

  // Takes everything out of it, for the connections. Not before the rest of the start has
  // succeeded: until then the service manager keeps all of it for the next try.
  void take_connections();

  bool has_package() const noexcept { return static_cast<bool>(package_); }

  std::vector<UniqueFd>& listeners() noexcept { return listeners_; }
  std::vector<RestoredConnection>& connections() noexcept { return connections_; }

  // One line; empty if all is well.
  const std::string& error() const noexcept { return error_; }

 private:
  using Mapping = std::unique_ptr<void, Unmap>;

  static Mapping map(int file);
  void read();

  UniqueFd package_;
  Mapping file_;
  std::vector<HandoverRecord> records_;
  std::size_t fitting_ = 0;  // How many descriptors are what their records say.
  std::vector<UniqueFd> listeners_;
  std::vector<RestoredConnection> connections_;
  std::string error_;
};

}  // namespace echo
