#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <functional>

#include "echo/os/unique_fd.h"

namespace echo {

// Has the kernel report events on many descriptors without a query for each. For each event the
// kernel queues a signal that carries the descriptor (fcntl(2), F_SETSIG and O_ASYNC). The queue is
// one more descriptor for select() (signalfd(2)).
//
// A report is only a hint: the descriptor may have been closed or read since. Events before arm()
// are not reported. Ask select() in both cases.
//
// Both signals, SIGRTMIN and SIGIO, are blocked in the calling thread while the object lives, and
// stay ignored afterwards. Signals belong to the process, so only one such object may live at a
// time.
//
// POSIX has no such facility: without that of Linux, fd() returns -1 and arm() returns false.
//
// All processes of a user share one limit of queued signals. The object lowers the process's own
// limit to kMaxQueued while it lives, so that remote peers cannot exhaust the shared one
// (getrlimit(2), RLIMIT_SIGPENDING).
class SignalDrivenIo {
 public:
  SignalDrivenIo() noexcept;
  ~SignalDrivenIo();
  SignalDrivenIo(const SignalDrivenIo&) = delete;
  SignalDrivenIo& operator=(const SignalDrivenIo&) = delete;

  // Readable while take() has events; -1 if the kernel reports none.
  int fd() const noexcept { return queue_.get(); }

  // Enables reports of events on the descriptor: input, room for output, EOF, errors. Returns false
  // if the kernel does not support that.
  bool arm(int fd) const noexcept;
  static void disarm(int fd) noexcept;

  // Call it when fd() is readable. Passes on at most kMaxTaken events, in order; fd() stays
  // readable if there are more. Returns false if events of any armed descriptor may be lost,
  // because the queue was full or cannot be read.
  bool take(const std::function<void(int fd)>& happened) const;

  static constexpr std::size_t kMaxTaken = 512;
  static constexpr rlim_t kMaxQueued = 1024;

 private:
  // Used on Linux only.
  [[maybe_unused]] sigset_t old_mask_{};
  [[maybe_unused]] rlimit old_limit_{};
  [[maybe_unused]] pid_t process_ = 0;
  UniqueFd queue_;
};

}  // namespace echo
