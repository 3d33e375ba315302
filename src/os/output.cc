#include "echo/os/output.h"

#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>
#include <new>
#include <system_error>

#include "echo/os/fd_set.h"
#include "echo/os/platform.h"
#include "echo/os/signals.h"

namespace echo {
namespace {

bool has_type(int fd, mode_t type) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == type;
}

// The timer repeats, because the first signal may come before write(2) blocks.
constexpr itimerval kMaxWait{.it_interval = {.tv_sec = 0, .tv_usec = 10'000},
                             .it_value = {.tv_sec = 0, .tv_usec = 10'000}};
constexpr itimerval kNever{};

extern "C" void interrupt(int /*signal*/) {}

// Without SA_RESTART, so that the interrupted call fails.
void catch_alarm() noexcept {
  struct sigaction action {};
  action.sa_handler = &interrupt;
  ::sigaction(SIGALRM, &action, nullptr);
  const sigset_t alarm = signal_set({SIGALRM});
  ::sigprocmask(SIG_UNBLOCK, &alarm, nullptr);
}

bool has_room(int fd) noexcept try {
  FdSet outputs;
  outputs.insert(fd);
  constexpr timespec kNow{0, 0};
  return ::pselect(fd + 1, nullptr, outputs.native(), nullptr, &kNow, nullptr) == 1;
} catch (const std::bad_alloc&) {
  return false;
}

// Makes one write(2) of the first bytes if select(2) reports room: for a pipe or a terminal that
// may block, and on which O_NONBLOCK must not be set because other processes share it.
//
// Another writer may take the room first, or there may be too little. A timer then interrupts the
// write after kMaxWait. Returns -1 with EAGAIN if nothing was written. From the first call on, the
// process catches SIGALRM and loses any ITIMER_REAL timer (setitimer(2)).
ssize_t write_briefly(int fd, std::string_view text) noexcept {
  [[maybe_unused]] static const bool kCaught = (catch_alarm(), true);
  if (!has_room(fd)) {
    errno = EAGAIN;
    return -1;
  }
  // A pipe takes up to PIPE_BUF bytes as a whole or not at all (pipe(7)).
  const std::string_view head = text.substr(0, PIPE_BUF);
  ::setitimer(ITIMER_REAL, &kMaxWait, nullptr);
  const ssize_t written = ::write(fd, head.data(), head.size());
  const int error = errno;
  ::setitimer(ITIMER_REAL, &kNever, nullptr);
  errno = error == EINTR ? EAGAIN : error;
  return written;
}

}  // namespace

bool wait_writable(int fd, const OutputWait& wait) {
  const Time end = wait.until.value_or(Time::max());
  for (;;) {
    const int nfds = std::max(fd, wait.interrupt) + 1;
    FdSet inputs;
    FdSet outputs;
    for (FdSet* set : {&inputs, &outputs}) set->reserve(nfds);
    if (wait.interrupt >= 0) inputs.insert(wait.interrupt);
    outputs.insert(fd);
    const Time now = Clock::now();
    const bool is_over = now >= end || (wait.is_over && wait.is_over());
    const bool has_end = is_over || end != Time::max();
    const timespec left = to_timespec(is_over ? Duration{0} : end - now);
    const int ready = ::pselect(nfds, inputs.native(), outputs.native(), nullptr,
                                has_end ? &left : nullptr, nullptr);
    if (ready < 0 ? errno != EINTR : outputs.contains(fd)) return true;
    if (is_over) return false;
  }
}

Output::Output(int fd) : fd_(fd), is_socket_(has_type(fd, S_IFSOCK)) {
  if (!has_type(fd, S_IFIFO) && ::isatty(fd) != 1) return;
  reopened_ = reopen_nonblocking(fd);
  if (reopened_) fd_ = reopened_.get();
  is_brief_ = !reopened_;
}

int Output::write(std::string_view& text, const OutputWait& wait) const {
  while (!text.empty()) {
    if (!wait_writable(fd_, wait)) return EINTR;
    const int error = write_now(text);
    if (error != 0 && error != EAGAIN) return error;
  }
  return 0;
}

int Output::write_now(std::string_view& text) const {
  while (!text.empty()) {
    const ssize_t written = write_some(text);
    if (written == 0) return EAGAIN;  // Some devices return 0.
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

ssize_t Output::write_some(std::string_view text) const {
  if (is_socket_) return ::send(fd_, text.data(), text.size(), MSG_DONTWAIT | kNoSigpipe);
  if (is_brief_) return write_briefly(fd_, text);
  return ::write(fd_, text.data(), text.size());
}

void write_stdout(std::string_view text) {
  if (const int error = Output(STDOUT_FILENO).write(text)) {
    throw std::system_error(error, std::generic_category(), "cannot write standard output");
  }
}

}  // namespace echo
