#include "echo/os/signals.h"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <string>
#include <system_error>

#include "echo/os/socket.h"

namespace echo {
namespace {

// NOLINTBEGIN(*-non-const-global-variables): a handler can use only globals
// The signals that take() has not collected yet: bit N is signal N + 1. While there are any, the
// pipe contains one byte, so it is never full.
std::atomic<unsigned> pending_signals{0};
std::atomic<int> pipe_of_signals{-1};
// NOLINTEND(*-non-const-global-variables)
static_assert(std::atomic<unsigned>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

// Marks the end of a batch that take() returns: without it a flood of signals would never end.
constexpr int kEnd = 32;

constexpr unsigned bit_of(int signal) { return 1U << (signal - 1); }

extern "C" void note_signal(int signal) {
  const int error = errno;
  if (pending_signals.fetch_or(bit_of(signal)) == 0) {
    [[maybe_unused]] const ssize_t written = ::write(pipe_of_signals, "", 1);
  }
  errno = error;
}

extern "C" void exit_now(int /*signal*/) { ::_exit(0); }

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Returns the old action.
struct sigaction set_signal_action(int signal, const struct sigaction& action) {
  struct sigaction old_action {};
  if (::sigaction(signal, &action, &old_action) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "cannot catch signal " + std::to_string(signal));
  }
  return old_action;
}

}  // namespace

sigset_t signal_set(std::initializer_list<int> signals) noexcept {
  sigset_t set{};
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

void block_signals(std::initializer_list<int> signals) {
  const sigset_t set = signal_set(signals);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot block signals");
  }
}

void exit_on_signals(std::initializer_list<int> signals) {
  struct sigaction action {};
  action.sa_handler = &exit_now;
  for (const int signal : signals) {
    if (signal == SIGHUP && is_ignored(SIGHUP)) continue;
    set_signal_action(signal, action);
  }
  const sigset_t set = signal_set(signals);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

std::string_view signal_name(int signal) noexcept {
  if (signal == SIGHUP) return "SIGHUP";
  if (signal == SIGINT) return "SIGINT";
  return signal == SIGUSR2 ? "SIGUSR2" : "SIGTERM";
}

void reap_children() noexcept {
  static_cast<void>(std::signal(SIGCHLD, SIG_IGN));
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

Signals::Signals(std::initializer_list<int> caught) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot create the signal pipe");
  }
  reader_ = UniqueFd(ends[0]);
  writer_ = UniqueFd(ends[1]);
  for (const int end : ends) {
    set_close_on_exec(end);
    make_nonblocking(end);
  }
  pending_signals = 0;
  pipe_of_signals = writer_.get();

  ::sigprocmask(SIG_BLOCK, nullptr, &old_mask_);
  try {
    struct sigaction action {};
    action.sa_handler = &note_signal;
    action.sa_flags = SA_RESTART;
    for (const int signal : caught) {
      if (signal == SIGHUP && is_ignored(SIGHUP)) continue;
      old_actions_.emplace_back(signal, set_signal_action(signal, action));
    }
  } catch (...) {
    restore();
    throw;
  }
  const sigset_t set = signal_set(caught);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void Signals::restore() noexcept {
  ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
  for (const auto& [signal, action] : old_actions_) ::sigaction(signal, &action, nullptr);
}

int Signals::take() noexcept {
  if (to_take_ == 0) {
    if (pending_signals == 0) return 0;
    // Read the byte first: a signal that comes after the read is in this batch, or writes the next
    // byte.
    char byte{};
    [[maybe_unused]] const ssize_t length = ::read(reader_.get(), &byte, 1);
    to_take_ = pending_signals.exchange(0) | bit_of(kEnd);
  }
  const int signal = std::countr_zero(to_take_) + 1;
  to_take_ &= to_take_ - 1;
  return signal == kEnd ? 0 : signal;
}

}  // namespace echo
