#include "echo/signals.h"

#include <bit>
#include <cerrno>
#include <string>
#include <system_error>

namespace echo {
namespace {

// Bit N stands for signal N. The handler runs only while wait() sleeps, and its own mask keeps the
// other signals out meanwhile: no update is lost.
volatile std::sig_atomic_t pending_signals = 0;  // NOLINT(*-non-const-global-variables)

constexpr int bit_of(int signal) { return 1 << signal; }

extern "C" void note_signal(int signal) { pending_signals = pending_signals | bit_of(signal); }

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Signals::Signals(std::initializer_list<int> caught) {
  ::sigemptyset(&caught_);
  for (const int signal : caught) {
    if (signal != SIGHUP || !is_ignored(SIGHUP)) ::sigaddset(&caught_, signal);
  }
  ::sigprocmask(SIG_BLOCK, &caught_, &old_mask_);
  wait_mask_ = old_mask_;
  pending_signals = 0;
  try {
    for (const int signal : caught) {
      ::sigdelset(&wait_mask_, signal);
      if (::sigismember(&caught_, signal) == 1) set_action(signal, &note_signal);
    }
    set_action(SIGPIPE, SIG_IGN);
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
  struct sigaction old_action {};
  if (::sigaction(signal, &action, &old_action) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "cannot catch signal " + std::to_string(signal));
  }
  old_actions_.emplace_back(signal, old_action);
}

int Signals::take() noexcept {
  if (pending_signals == 0) return 0;
  const int signal = std::countr_zero(static_cast<unsigned>(pending_signals));
  pending_signals = pending_signals & ~bit_of(signal);
  return signal;
}

}  // namespace echo
