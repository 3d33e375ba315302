#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string_view>

#include "echo/base/time.h"
#include "echo/os/unique_fd.h"

namespace echo {

// How to wait until a descriptor is writable.
struct OutputWait {
  int interrupt = -1;               // Readable when is_over() may have changed; -1: none.
  std::optional<Time> until{};      // The wait also ends at this time.
  std::function<bool()> is_over{};  // Called before each sleep. Empty: never over.
};

// Waits until the descriptor is writable, or select() fails. Returns false if the wait is over
// first.
bool wait_writable(int fd, const OutputWait& wait = {});

// Writes to a descriptor that the caller keeps open and that other processes may share. No flag of
// the descriptor changes, and a slow reader blocks no write, with or without O_NONBLOCK. Exception:
// if a pipe or terminal cannot be reopened, a write may block for 10 ms, and the process catches
// SIGALRM and loses its ITIMER_REAL timer.
class Output {
 public:
  explicit Output(int fd);

  // Writes `text` and removes the written part from its front. Returns 0, or an errno value: EINTR
  // if the wait is over first.
  int write(std::string_view& text, const OutputWait& wait = {}) const;

  // As write(), but does not wait for the reader, except for those 10 ms: returns EAGAIN if the
  // descriptor takes no more. On a regular file write(2) may still wait for a file system that
  // hangs.
  int write_now(std::string_view& text) const;

 private:
  ssize_t write_some(std::string_view text) const;

  UniqueFd reopened_;  // See reopen_nonblocking() in platform.h.
  int fd_;
  bool is_socket_;
  bool is_brief_ = false;  // It could not be reopened, so a write may block.
};

// Prints to standard output. Throws std::system_error if that fails.
void write_stdout(std::string_view text);

}  // namespace echo
