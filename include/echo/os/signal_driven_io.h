#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <functional>

#include "echo/os/unique_fd.h"

namespace echo {

// Has the system say on which of many descriptors something happened, without asking each of them:
// for each event it queues a signal that bears the descriptor (fcntl(2), F_SETSIG and O_ASYNC), and
// the queue is one more descriptor for select() (signalfd(2)).
//
// What it says is a hint: of a descriptor that has been closed since, or read already; and what was
// there before the descriptor was armed is not told. Ask select() then.
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

  // Readable while take() has something to tell; -1 where the system does not do this.
  int fd() const noexcept { return queue_.get(); }

  // From now on what happens on the descriptor is told: input, room for output, EOF, an error.
  // False where that is not to be had.
  bool arm(int fd) const noexcept;
  static void disarm(int fd) noexcept;

  // Once fd() is readable: tells of some events, kMaxTaken at most, in their order; where there
  // are more, fd() stays readable. False where events were lost, on any descriptor that is armed,
  // since the queue was full (getrlimit(2), RLIMIT_SIGPENDING).
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
