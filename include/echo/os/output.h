#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string_view>

#include "echo/base/time.h"
#include "echo/os/unique_fd.h"

namespace echo {

// Whoever reads what is written to a terminal or a pipe may be slow.

// The file behind the descriptor, opened once more to be written to without waiting; empty where it
// cannot be, because it is another user's or /proc is missing.
//
// A terminal or a pipe that select() calls writable may still take only a part of a line and make a
// blocking write() wait for the rest. Setting O_NONBLOCK sets it for whoever else has the
// descriptor, the user's shell first; opening the same file again does not.
UniqueFd reopen_nonblocking(int fd);

// How to wait until more can be written.
struct OutputWait {
  int interrupt = -1;               // Readable once is_over() may have changed; -1: none.
  std::optional<Time> until{};      // It is over then, too.
  std::function<bool()> is_over{};  // Asked before each sleep. Empty: it never is.
};

// Waits until the descriptor takes more, or fails to. Returns false if the wait is over before.
bool wait_writable(int fd, const OutputWait& wait = {});

// Writes to a descriptor that the caller keeps open and others may have open too. It blocks nowhere
// but in a wait for the reader, whether or not the descriptor does, and changes no flags.
class Output {
 public:
  explicit Output(int fd);

  // Takes off `text` what it writes: all, unless the wait is over or an error comes. Returns 0, or
  // an errno value, which is EINTR where the wait is over.
  int write(std::string_view& text, const OutputWait& wait = {}) const;

 private:
  ssize_t write_some(std::string_view text) const;

  UniqueFd reopened_;  // See reopen_nonblocking().
  int fd_;
  bool is_socket_;
  bool is_brief_ = false;  // It could not be reopened, and may wait for room.
};

// Prints to standard output. Throws std::system_error if that fails.
void write_stdout(std::string_view text);

}  // namespace echo
