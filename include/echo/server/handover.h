#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "echo/os/unique_fd.h"
#include "echo/server/handover_format.h"

namespace echo {

// The package that one server passes to the next, so that a restart breaks no connection: the
// listeners, the connections, and their pending bytes.
//
// One descriptor carries all of it, however many connections there are: a socket with the other
// descriptors in its queue (SOCK_SEQPACKET; unix(7), SCM_RIGHTS). The first message carries the
// listeners and a file in memory that contains the pending bytes and describes all descriptors
// (memfd_create(2)). A peek reads this message without removing anything. A single descriptor is
// used because systemd compares each new descriptor with all that it already keeps, and passes the
// names of all descriptors in one variable of limited length.
//
// A build for POSIX only has no file in memory that it can trust, and no handover: pack() returns
// ENOTSUP, and a HandoverReader reads nothing and reports an error.

// The name of the package at the service manager.
constexpr const char* kHandoverName = "handover";

// Packs a handover: the sending side.
class Handover {
 public:
  // Creates the package; the descriptors stay open in this process. Pass the listeners first, at
  // most 252. Returns 0, or an errno value. Throws std::bad_alloc.
  int pack(std::span<const HandoverItem> items);

  // The descriptor for the service manager to keep.
  int fd() const noexcept { return package_.get(); }

  // Closes the package in this process. Returns true if another process keeps it; otherwise the
  // package is gone.
  bool release() noexcept;

 private:
  int put_descriptors(std::span<const HandoverItem> items, int state) const;

  UniqueFd package_;
  UniqueFd sender_;
};

// Frees memory of mmap(2).
struct Unmap {
  std::size_t length = 0;
  void operator()(void* memory) const noexcept;
};

// A connection of the previous server.
struct RestoredConnection {
  UniqueFd fd;
  bool at_eof;
  std::string_view pending;  // Valid while the HandoverReader lives.
};

// Reads a handover: the receiving side. It returns only TCP sockets of the recorded kind,
// non-blocking and closed on exec; a connection may have ended meanwhile.
class HandoverReader {
 public:
  // No package.
  HandoverReader() = default;

  // Reads the file and takes copies of the listeners. The package may contain anything: unusable
  // parts are closed and reported by error().
  explicit HandoverReader(UniqueFd package);

  // Takes everything out of the package; connections() then returns the connections. Call it after
  // the rest of the start has succeeded: until then the service manager keeps the package for
  // another try.
  void take_connections();

  bool has_package() const noexcept { return static_cast<bool>(package_); }

  std::vector<UniqueFd>& listeners() noexcept { return listeners_; }
  std::vector<RestoredConnection>& connections() noexcept { return connections_; }

  // One line; empty if there was no error.
  const std::string& error() const noexcept { return error_; }

 private:
  using Mapping = std::unique_ptr<void, Unmap>;

  static Mapping map(int file);
  void read();

  UniqueFd package_;
  Mapping file_;
  std::vector<HandoverRecord> records_;
  std::size_t matching_ = 0;  // Descriptors that match their records.
  std::vector<UniqueFd> listeners_;
  std::vector<RestoredConnection> connections_;
  std::string error_;
};

}  // namespace echo
