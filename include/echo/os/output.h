#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string_view>

#include "echo/base/time.h"
#include "echo/os/unique_fd.h"

namespace echo {

// Opens the file behind the descriptor again, to write to it without waiting. Empty if that fails,
// because the file is another user's or /proc is missing.
//
// A terminal or a pipe that select() reports writable may take only a part of a line and make a
// blocking write() wait for the rest. O_NONBLOCK would be set for all that share the descriptor,
// the user's shell first; opening the same file again does not do that.
UniqueFd reopen_nonblocking(int fd);

// How to wait until more can be written.
struct OutputWait {
  int interrupt = -1;               // Readable once is_over() may have changed; -1: none.
  std::optional<Time> until{};      // It is over then, too.
  std::function<bool()> is_over{};  // Asked before each sleep. Empty: it never is.
};

// Waits until the descriptor takes more, or fails to. Returns false if the wait is over before.
bool wait_writable(int fd, const OutputWait& wait = {});

// Writes to a descriptor that the caller keeps open and others may have open too. Whether or not
// O_NONBLOCK is set on it, a slow reader does not block a write; and no flag is changed.
class Output {
 public:
  explicit Output(int fd);

  // Takes off `text` what it writes: all, unless the wait is over or an error comes. Returns 0, or
  // an errno value: EINTR if the wait is over.
  int write(std::string_view& text, const OutputWait& wait = {}) const;

  // The same without a wait: EAGAIN if the descriptor takes no more. A file is written to as it is:
  // write(2) waits for a file system that hangs.
  int write_now(std::string_view& text) const;

 private:
  ssize_t write_some(std::string_view text) const;

  UniqueFd reopened_;  // See reopen_nonblocking().
  int fd_;
  bool is_socket_;
  bool is_brief_ = false;  // It could not be reopened, and a write may wait for room.
};

// Prints to standard output. Throws std::system_error if that fails.
void write_stdout(std::string_view text);

}  // namespace echo
