#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <functional>

#include "echo/os/signal_driven_io.h"
#include "echo/os/signals.h"

namespace echo {
namespace {

// A real-time signal: the kernel queues each one instead of merging them.
int queued_signal() noexcept { return SIGRTMIN; }

// The signal that the kernel sends instead when the queue is full.
constexpr int kOverflow = SIGIO;

// Events per read(2). They are on the stack, which may be small.
constexpr std::size_t kTakenAtOnce = 16;

sigset_t both_signals() noexcept { return signal_set({queued_signal(), kOverflow}); }

bool set_async(int fd, int on) noexcept { return ::ioctl(fd, FIOASYNC, &on) == 0; }

}  // namespace

// A descriptor may stay armed after the object is gone. Neither signal may end the program then.
SignalDrivenIo::SignalDrivenIo() noexcept : process_(::getpid()) {
  ::getrlimit(RLIMIT_SIGPENDING, &old_limit_);
  rlimit limit = old_limit_;
  limit.rlim_cur = std::min(limit.rlim_cur, kMaxQueued);
  ::setrlimit(RLIMIT_SIGPENDING, &limit);
  const sigset_t set = both_signals();
  ::sigprocmask(SIG_BLOCK, &set, &old_mask_);
  for (const int signal : {queued_signal(), kOverflow}) {
    static_cast<void>(std::signal(signal, SIG_IGN));
  }
  queue_ = UniqueFd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

SignalDrivenIo::~SignalDrivenIo() {
  ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
  ::setrlimit(RLIMIT_SIGPENDING, &old_limit_);
}

bool SignalDrivenIo::arm(int fd) const noexcept {
  return queue_ && ::fcntl(fd, F_SETOWN, process_) == 0 &&
         ::fcntl(fd, F_SETSIG, queued_signal()) == 0 && set_async(fd, 1);
}

void SignalDrivenIo::disarm(int fd) noexcept { set_async(fd, 0); }

bool SignalDrivenIo::take(const std::function<void(int fd)>& happened) const {
  std::array<signalfd_siginfo, kTakenAtOnce> events;  // NOLINT(*-member-init): read as filled
  bool complete = true;
  std::size_t count = events.size();
  for (std::size_t taken = 0; taken < kMaxTaken && count == events.size(); taken += count) {
    const ssize_t length = ::read(queue_.get(), events.data(), sizeof events);
    // Events may be lost if the queue cannot be read.
    if (length < 0 && (errno != EAGAIN || taken == 0)) return false;
    count = length > 0 ? static_cast<std::size_t>(length) / sizeof events[0] : 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (static_cast<int>(events[i].ssi_signo) == kOverflow) {
        complete = false;
      } else {
        happened(events[i].ssi_fd);
      }
    }
  }
  return complete;
}

}  // namespace echo
