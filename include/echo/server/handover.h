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
// clients, and the bytes that they are owed.
//
// All of it is behind one descriptor, however many clients there are: a socket in whose queue the
// others wait (SOCK_SEQPACKET; unix(7), SCM_RIGHTS). The first message there has a file in memory
// that says what they are and holds the bytes (memfd_create(2)), and the listeners; so these can be
// looked at without taking anything out. One, since systemd compares each descriptor that it is
// given to keep with every other one that it keeps, and names all in one bounded variable.

enum class HandoverKind : std::uint64_t {
  kListener = 1,
  kClient = 2,
  kClientAtEof = 3,  // It has sent EOF, and is closed once it has got what it is owed.
};

struct HandoverItem {
  int fd;
  HandoverKind kind;
  const MessageQueue* owed;  // Nullptr: nothing.
};

// The giving side.
class Handover {
 public:
  // Makes the package: the descriptors stay open here too. The listeners come first, 252 at most.
  // 0, or an errno value. Throws std::bad_alloc.
  int pack(std::span<const HandoverItem> items);

  // What is to be kept for the next server.
  int fd() const noexcept { return package_.get(); }

  // Closes it here. Whether somebody else keeps it: if not, it is gone.
  bool let_go() noexcept;

 private:
  int put_descriptors(std::span<const HandoverItem> items, int state) const;

  UniqueFd package_;
  UniqueFd sender_;
};

// One of those that are described in the file.
struct HandoverRecord {
  HandoverKind kind;
  std::string_view owed;  // Within the file's text.
};

// Reads the file. It may hold anything: throws std::runtime_error where it is not of this format
// and version, whole and nothing else.
std::vector<HandoverRecord> parse_handover(std::string_view file);

// For memory that mmap(2) gave.
struct Unmap {
  std::size_t length = 0;
  void operator()(void* memory) const noexcept;
};

// The taking side: what has come out of a package, fit for use: TCP sockets that listen or are
// connected, non-blocking, closed on exec.
class HandoverReader {
 public:
  struct Client {
    UniqueFd fd;
    bool at_eof;
    std::string_view owed;  // As long as the HandoverReader lives.
  };

  // None.
  HandoverReader() = default;

  // Looks at the package, for what it says and for the listeners. It may hold anything: what does
  // not fit is closed, and complaint() tells of it.
  explicit HandoverReader(UniqueFd package);

  // Takes everything out of it, for the clients. Not before the start has gone well otherwise:
  // until then the service manager keeps all of it for the next try.
  void take_clients();

  // Whether there was a package.
  bool is_there() const noexcept { return static_cast<bool>(package_); }

  std::vector<UniqueFd>& listeners() noexcept { return listeners_; }
  std::vector<Client>& clients() noexcept { return clients_; }

  // One line; empty where all is well.
  const std::string& complaint() const noexcept { return complaint_; }

 private:
  using Mapping = std::unique_ptr<void, Unmap>;

  static Mapping map(int file);
  void look();
  void take_all();

  UniqueFd package_;
  Mapping file_;
  std::vector<HandoverRecord> records_;
  std::size_t fitting_ = 0;  // Descriptors, to their records.
  std::vector<UniqueFd> listeners_;
  std::vector<Client> clients_;
  std::string complaint_;
};

}  // namespace echo
