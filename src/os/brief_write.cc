#include "echo/os/brief_write.h"

#include <sys/select.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>
#include <new>

#include "echo/os/fd_set.h"

namespace echo {
namespace {

// It comes again and again: the first time may be before write(2) waits.
constexpr itimerval kMaxWait{.it_interval = {.tv_sec = 0, .tv_usec = 10'000},
                             .it_value = {.tv_sec = 0, .tv_usec = 10'000}};
constexpr itimerval kNever{};

extern "C" void interrupt(int /*signal*/) {}

// Without SA_RESTART: the call that it interrupts fails.
void catch_alarm() noexcept {
  struct sigaction action {};
  action.sa_handler = &interrupt;
  ::sigaction(SIGALRM, &action, nullptr);
  sigset_t alarm{};
  ::sigemptyset(&alarm);
  ::sigaddset(&alarm, SIGALRM);
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

}  // namespace

ssize_t write_briefly(int fd, std::string_view text) noexcept {
  static const bool kCaught = (catch_alarm(), true);
  static_cast<void>(kCaught);
  if (!has_room(fd)) {
    errno = EAGAIN;
    return -1;
  }
  // A pipe with room takes so many bytes at once, or none of them (pipe(7)).
  const std::string_view head = text.substr(0, PIPE_BUF);
  ::setitimer(ITIMER_REAL, &kMaxWait, nullptr);
  const ssize_t written = ::write(fd, head.data(), head.size());
  const int error = errno;
  ::setitimer(ITIMER_REAL, &kNever, nullptr);
  errno = error == EINTR ? EAGAIN : error;
  return written;
}

}  // namespace echo
