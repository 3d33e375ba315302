#include "echo/loop/selector.h"

#include <sys/select.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

namespace echo {

Selector::Selector(Asks asks, QuietSet::Renumber renumber)
    : quiet_set_(asks == Asks::kActive, std::move(renumber)) {
  reserve(quiet_set_.events_fd() + 1);
}

void Selector::watch_input(int fd, bool wanted) { watch(inputs_, fd, wanted); }

void Selector::watch_output(int fd, bool wanted) {
  has_new_output_ = has_new_output_ || (wanted && !outputs_.contains(fd));
  watch(outputs_, fd, wanted);
}

void Selector::watch(FdSet& set, int fd, bool wanted) {
  if (set.contains(fd) == wanted) return;
  if (wanted) {
    reserve(fd + 1);
    set.insert(fd);
    quiet_set_.add(fd);
  } else {
    set.erase(fd);
    if (!inputs_.contains(fd) && !outputs_.contains(fd)) quiet_set_.remove(fd);
  }
}

void Selector::keep_active(int fd) {
  reserve(fd + 1);
  quiet_set_.keep_active(fd);
}

void Selector::forget(int fd) noexcept {
  for (FdSet* set : {&inputs_, &outputs_, &readable_, &writable_, &exceptional_}) set->erase(fd);
  quiet_set_.forget(fd);
}

void Selector::replace(int from, int to) noexcept {
  for (FdSet* set : {&inputs_, &outputs_}) set->replace(from, to);
  quiet_set_.replace(from, to);
}

// Bytes that have just been received can probably be sent immediately. A separate call for the
// outputs costs only as much as the outputs, and the inputs need no second query in one turn.
bool Selector::find_writable() {
  const bool has_new_output = std::exchange(has_new_output_, false);
  // Not twice in a row, so that the inputs have their turn.
  asked_about_outputs_ = has_new_output && !asked_about_outputs_;
  if (!asked_about_outputs_) return false;
  readable_.clear();
  exceptional_.clear();
  quiet_set_.copy_active(outputs_, writable_);
  constexpr timespec kNow{0, 0};
  // After an error, the call about all descriptors reports it.
  return ::pselect(writable_.nfds(), nullptr, writable_.native(), nullptr, &kNow, nullptr) > 0;
}

int Selector::wait(std::optional<Duration> timeout) {
  if (find_writable() || ask_about_all(timeout) >= 0) return 0;

  const int error = errno;
  // After an error of select(2) the sets still contain the request.
  for (FdSet* set : {&readable_, &writable_, &exceptional_}) set->clear();
  if (error == EINTR) return 0;
  const timespec rest = to_timespec(kRest);
  ::nanosleep(&rest, nullptr);
  return error;
}

// The order matters if memory runs out in between: a set needs at least as much memory as each set
// that it copies, and those sets come later.
void Selector::reserve(int nfds) {
  if (nfds <= reserved_) return;
  quiet_set_.reserve(nfds);
  for (FdSet* set : {&exceptional_, &writable_, &readable_, &outputs_, &inputs_}) {
    set->reserve(nfds);
  }
  reserved_ = nfds;
}

int Selector::ask_about_all(std::optional<Duration> timeout) {
  quiet_set_.begin_call();
  quiet_set_.copy_active(inputs_, readable_);
  quiet_set_.copy_active(outputs_, writable_);
  quiet_set_.add_events(readable_);
  if (quiet_set_.must_not_sleep()) timeout = Duration{0};
  exceptional_ = readable_;

  const int nfds = std::max(readable_.nfds(), writable_.nfds());
  // A null set costs less than an empty one.
  fd_set* const outputs = writable_.empty() ? nullptr : writable_.native();
  const timespec limit = to_timespec(std::max(timeout.value_or(Duration{0}), Duration{0}));
  const int ready = ::pselect(nfds, readable_.native(), outputs, exceptional_.native(),
                              timeout ? &limit : nullptr, nullptr);
  if (ready >= 0) quiet_set_.note(ready, readable_, writable_, exceptional_);
  return ready;
}

}  // namespace echo
