#include "echo/os/signals.h"

#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <ctime>
#include <string>
#include <system_error>
#include <utility>

namespace echo {
namespace {

// Bit N stands for signal N. The handler runs only while wait() sleeps, and its own mask keeps the
// other signals out meanwhile: no update is lost.
volatile std::sig_atomic_t pending_signals = 0;  // NOLINT(*-non-const-global-variables)

constexpr int bit_of(int signal) { return 1 << signal; }

extern "C" void note_signal(int signal) { pending_signals = pending_signals | bit_of(signal); }

extern "C" void exit_now(int /*signal*/) { ::_exit(0); }

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Returns the old one.
struct sigaction set_signal_action(int signal, const struct sigaction& action) {
  struct sigaction old_action {};
  if (::sigaction(signal, &action, &old_action) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "cannot catch signal " + std::to_string(signal));
  }
  return old_action;
}

void block(const sigset_t& signals, sigset_t* old_mask) {
  if (::sigprocmask(SIG_BLOCK, &signals, old_mask) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot block signals");
  }
}

}  // namespace

void block_signals(std::initializer_list<int> signals) {
  sigset_t set{};
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  block(set, nullptr);
}

void exit_on_signals(std::initializer_list<int> signals) {
  sigset_t set{};
  ::sigemptyset(&set);
  struct sigaction action {};
  action.sa_handler = &exit_now;
  for (const int signal : signals) {
    if (signal == SIGHUP && is_ignored(SIGHUP)) continue;
    set_signal_action(signal, action);
    ::sigaddset(&set, signal);
  }
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void reap_children() noexcept {
  static_cast<void>(std::signal(SIGCHLD, SIG_IGN));
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

Signals::Signals(std::initializer_list<int> caught) {
  ::sigemptyset(&caught_);
  for (const int signal : caught) {
    if (signal != SIGHUP || !is_ignored(SIGHUP)) ::sigaddset(&caught_, signal);
  }
  block(caught_, &old_mask_);
  wait_mask_ = old_mask_;
  pending_signals = 0;
  try {
    for (const int signal : caught) {
      ::sigdelset(&wait_mask_, signal);
      if (::sigismember(&caught_, signal) == 1) set_action(signal, &note_signal);
    }
  } catch (...) {
    restore();
    throw;
  }
}

void Signals::restore() noexcept {
  for (const auto& [signal, action] : old_actions_) ::sigaction(signal, &action, nullptr);
  ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
}

void Signals::set_action(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_mask = caught_;
  action.sa_handler = handler;
  old_actions_.emplace_back(signal, set_signal_action(signal, action));
}

// Those that are blocked and wait for the next pselect().
void Signals::note_pending() noexcept {
  constexpr timespec kNow{0, 0};
  int signal = 0;
  while ((signal = ::sigtimedwait(&caught_, nullptr, &kNow)) > 0) {
    if ((pending_signals & bit_of(signal)) != 0) return;
    note_signal(signal);
  }
}

int Signals::take() noexcept {
  if (to_take_ == 0 && pending_signals != 0) {
    note_pending();
    to_take_ = static_cast<unsigned>(std::exchange(pending_signals, 0));
  }
  if (to_take_ == 0) return 0;
  const int signal = std::countr_zero(to_take_);
  to_take_ &= to_take_ - 1;
  return signal;
}

}  // namespace echo
