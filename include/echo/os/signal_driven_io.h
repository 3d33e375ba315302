#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <functional>

#include "echo/os/unique_fd.h"

namespace echo {

// Has the kernel report on which of many descriptors something happened, without asking about each:
// for each event it queues a signal that carries the descriptor (fcntl(2), F_SETSIG and O_ASYNC),
// and the queue is one more descriptor for select() (signalfd(2)).
//
// A report is a hint: the descriptor may have been closed since, or read already; and what was
// there before the descriptor was armed is not reported. Ask select() then.
//
// The two signals, SIGRTMIN and SIGIO, are blocked while this lives, in the calling thread, and
// ignored from then on. They are the process's: one object of this kind may live at a time.
//
// All processes of a user share one queue of signals. So that remote peers cannot fill it, this
// lowers the process's own limit to kMaxQueued while it lives (getrlimit(2), RLIMIT_SIGPENDING).
class SignalDrivenIo {
 public:
  SignalDrivenIo() noexcept;
  ~SignalDrivenIo();
  SignalDrivenIo(const SignalDrivenIo&) = delete;
  SignalDrivenIo& operator=(const SignalDrivenIo&) = delete;

  // Readable while take() has events; -1 if the kernel does not report any.
  int fd() const noexcept { return queue_.get(); }

  // Has events reported of the descriptor from now on: input, room for output, EOF, an error. False
  // if the kernel does not do that.
  bool arm(int fd) const noexcept;
  static void disarm(int fd) noexcept;

  // Once fd() is readable: passes on some events, kMaxTaken at most, in their order; if there are
  // more, fd() stays readable. False if events were lost, on any descriptor that is armed, since
  // the queue was full (getrlimit(2), RLIMIT_SIGPENDING).
  bool take(const std::function<void(int fd)>& happened) const;

  static constexpr std::size_t kMaxTaken = 512;
  static constexpr rlim_t kMaxQueued = 1024;

 private:
  sigset_t old_mask_{};
  rlimit old_limit_{};
  pid_t process_;
  UniqueFd queue_;
};

}  // namespace echo
