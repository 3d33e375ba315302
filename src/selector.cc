#include "echo/selector.h"

#include <sys/select.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace echo {
namespace {

// How many descriptors may have been ready, in turns without sleep, before signals are let in.
constexpr int kReadyBetweenSignals = 64;

timespec to_timespec(Duration duration) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  return {static_cast<std::time_t>(seconds.count()),
          static_cast<long>((duration - seconds).count())};
}

}  // namespace

Selector::Selector(const sigset_t* wait_mask) {
  if (wait_mask != nullptr) wait_mask_ = *wait_mask;
}

void Selector::watch_input(int fd, bool wanted) {
  if (wanted) {
    reserve(fd + 1);
    inputs_.insert(fd);
  } else {
    inputs_.erase(fd);
  }
}

void Selector::watch_output(int fd, bool wanted) {
  if (wanted) {
    reserve(fd + 1);
    outputs_.insert(fd);
  } else {
    outputs_.erase(fd);
  }
}

void Selector::forget(int fd) noexcept {
  for (FdSet* set : {&inputs_, &outputs_, &readable_, &writable_, &exceptional_}) set->erase(fd);
}

int Selector::wait(std::optional<Duration> timeout) {
  readable_ = inputs_;
  writable_ = outputs_;
  exceptional_ = inputs_;

  const int error = let_signals_in() ? EINTR : select_once(timeout);
  if (error == 0) return 0;
  // What select() leaves in the sets is undefined now (select(2)).
  for (FdSet* set : {&readable_, &writable_, &exceptional_}) set->clear();
  if (error != EINTR) rest();
  return error;
}

// The results first: where memory ends halfway, they have room for the others all the same.
void Selector::reserve(int nfds) {
  for (FdSet* set : {&readable_, &writable_, &exceptional_, &inputs_, &outputs_}) {
    set->reserve(nfds);
  }
}

int Selector::select_once(std::optional<Duration> timeout) {
  const int nfds = std::max(inputs_.nfds(), outputs_.nfds());
  const timespec limit = to_timespec(std::max(timeout.value_or(Duration{0}), Duration{0}));
  const int ready = ::pselect(nfds, readable_.native(), writable_.native(), exceptional_.native(),
                              timeout ? &limit : nullptr, wait_mask_ ? &*wait_mask_ : nullptr);
  ready_without_sleep_ = ready > 0 ? ready_without_sleep_ + ready : 0;
  return ready < 0 ? errno : 0;
}

// pselect() delivers a signal only where it would sleep. With something ready in every turn it
// never does, and under steady load nobody could stop the program; so the door is opened now and
// then: in each turn that has much to do, and seldom where turns are short.
bool Selector::let_signals_in() {
  if (!wait_mask_ || ready_without_sleep_ < kReadyBetweenSignals) return false;
  ready_without_sleep_ = 0;
  constexpr timespec kNow{0, 0};
  return ::pselect(0, nullptr, nullptr, nullptr, &kNow, &*wait_mask_) < 0 && errno == EINTR;
}

// By other calls than the one that fails: it may fail for ever, and signals must come in meanwhile.
void Selector::rest() {
  sigset_t old_mask{};
  if (wait_mask_) ::sigprocmask(SIG_SETMASK, &*wait_mask_, &old_mask);
  const timespec duration = to_timespec(kRest);
  ::nanosleep(&duration, nullptr);
  if (wait_mask_) ::sigprocmask(SIG_SETMASK, &old_mask, nullptr);
}

}  // namespace echo
