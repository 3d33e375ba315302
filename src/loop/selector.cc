#include "echo/loop/selector.h"

#include <sys/select.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

namespace echo {

Selector::Selector() { reserve(quiet_set_.events_fd() + 1); }

void Selector::watch_input(int fd, bool wanted) { watch(inputs_, fd, wanted); }

void Selector::watch_output(int fd, bool wanted) {
  output_is_new_ = output_is_new_ || (wanted && !outputs_.contains(fd));
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

int Selector::wait(std::optional<Duration> timeout) {
  const int error = look(timeout);
  if (error == 0) return 0;
  // select(2) has left in the sets what it was asked about.
  for (FdSet* set : {&readable_, &writable_, &exceptional_}) set->clear();
  if (error == EINTR) return 0;
  const timespec rest = to_timespec(kRest);
  ::nanosleep(&rest, nullptr);
  return error;
}

// First what is made of others: where memory ends halfway, it has room for them all the same.
void Selector::reserve(int nfds) {
  if (nfds <= reserved_) return;
  quiet_set_.reserve(nfds);
  for (FdSet* set : {&exceptional_, &writable_, &readable_, &outputs_, &inputs_}) {
    set->reserve(nfds);
  }
  reserved_ = nfds;
}

int Selector::look(std::optional<Duration> timeout) {
  // Not twice in a row, so that the inputs have their turn.
  outputs_came_first_ = std::exchange(output_is_new_, false) && !outputs_came_first_;
  if (outputs_came_first_) {
    const int error = ask_about_outputs();
    if (error != 0 || ready_ > 0) return error;
  }
  quiet_set_.prepare();
  return ask(quiet_set_.has_trial() ? Duration{0} : timeout);
}

// What has just been received can go at once, most likely. So that is asked by itself: the answer
// costs what the outputs cost, and the inputs need not be asked about twice a turn.
int Selector::ask_about_outputs() {
  readable_.clear();
  exceptional_.clear();
  writable_.assign_difference(outputs_, quiet_set_.quiet());
  constexpr timespec kNow{0, 0};
  ready_ = ::pselect(writable_.nfds(), nullptr, writable_.native(), nullptr, &kNow, nullptr);
  return ready_ < 0 ? errno : 0;
}

int Selector::ask(std::optional<Duration> timeout) {
  readable_.assign_difference(inputs_, quiet_set_.quiet());
  writable_.assign_difference(outputs_, quiet_set_.quiet());
  exceptional_ = readable_;
  const int events = quiet_set_.events_fd();
  const bool asks_events = quiet_set_.may_have_events();
  if (asks_events) readable_.insert(events);

  const int nfds = std::max(readable_.nfds(), writable_.nfds());
  // A set that is not there costs less than an empty one.
  fd_set* const outputs = writable_.empty() ? nullptr : writable_.native();
  const timespec limit = to_timespec(std::max(timeout.value_or(Duration{0}), Duration{0}));
  ready_ = ::pselect(nfds, readable_.native(), outputs, exceptional_.native(),
                     timeout ? &limit : nullptr, nullptr);
  if (ready_ < 0) return errno;

  if (asks_events && readable_.contains(events)) {
    readable_.erase(events);
    --ready_;
    quiet_set_.take_events();
  }
  if (ready_ > 0 || quiet_set_.has_trial()) quiet_set_.note(readable_, writable_, exceptional_);
  return 0;
}

}  // namespace echo
