#include "echo/loop/quiet_set.h"

#include <array>
#include <cstddef>
#include <utility>

#include "echo/os/platform.h"

namespace echo {

QuietSet::QuietSet(bool enabled, Renumber renumber) : renumber_(std::move(renumber)) {
  if (!enabled || is_posix_only()) return;
  events_.emplace();
  if (events_->fd() < 0) events_.reset();
}

// The order matters if memory runs out in between: a set needs at least as much memory as each set
// that it copies, and those sets come later.
std::array<FdSet*, 9> QuietSet::sets() noexcept {
  return {&seen_before_, &seen_, &candidates_,    &to_recheck_, &busy_,
          &probing_,     &idle_, &always_active_, &watched_};
}

void QuietSet::reserve(int nfds) {
  for (FdSet* set : sets()) set->reserve(nfds);
}

void QuietSet::add(int fd) noexcept {
  if (!watched_.contains(fd)) {
    ++watched_count_;
    watched_.insert(fd);
    seen_.insert(fd);
  }
  raise_active_end(fd);
  wake(fd);
}

void QuietSet::keep_active(int fd) noexcept {
  always_active_.insert(fd);
  candidates_.erase(fd);
  activate(fd);
}

void QuietSet::remove(int fd) noexcept {
  const bool stays_active = always_active_.contains(fd);
  activate(fd);
  forget(fd);
  if (stays_active) always_active_.insert(fd);
}

void QuietSet::forget(int fd) noexcept {
  if (watched_.contains(fd)) --watched_count_;
  if (idle_.contains(fd)) --idle_count_;
  for (FdSet* set : sets()) set->erase(fd);
  may_lower_ = true;
}

void QuietSet::replace(int from, int to) noexcept {
  for (FdSet* set : sets()) set->replace(from, to);
  raise_active_end(to);
}

void QuietSet::activate(int fd) noexcept {
  if (!is_armed(fd)) return;
  SignalDrivenIo::disarm(fd);
  raise_active_end(fd);
  if (idle_.contains(fd)) --idle_count_;
  for (FdSet* set : {&idle_, &to_recheck_, &probing_, &busy_}) set->erase(fd);
}

// A lower number would shorten the sets for select(): at most half of the numbers below this one
// belong to active descriptors. Within the first word it would not.
bool QuietSet::is_high(int fd) const noexcept {
  const std::size_t active = watched_count_ - idle_count_;
  return renumber_ && may_lower_ && static_cast<std::size_t>(fd) >= FdSet::kWordBits + 2 * active;
}

void QuietSet::begin_call() {
  if (!has_changes_) return;
  std::size_t left = kMaxChanges;
  recheck(left);  // First: only this delays results.
  disarm_busy(left);
  arm_candidates(left);
  has_changes_ = left == 0;
}

void QuietSet::disarm_busy(std::size_t& left) {
  for (int fd = -1; left > 0 && (fd = busy_.next(fd + 1)) >= 0; --left) {
    busy_.erase(fd);
    activate(fd);
    if (is_high(fd)) may_lower_ = renumber_(fd, 0) != fd;
  }
}

// Continues after the last descriptor rechecked, so that each has its turn even if events are lost
// repeatedly.
void QuietSet::recheck(std::size_t& left) noexcept {
  for (; left > 0; --left) {
    int fd = to_recheck_.next(next_recheck_);
    if (fd < 0) fd = to_recheck_.next(0);
    if (fd < 0) break;
    next_recheck_ = fd + 1;
    to_recheck_.erase(fd);
    wake(fd);
  }
}

void QuietSet::arm_candidates(std::size_t& left) {
  int fd = -1;
  while (left > 0 && (fd = candidates_.next(fd + 1)) >= 0) {
    candidates_.erase(fd);
    if (seen_.contains(fd)) continue;
    --left;
    const int number = renumber_ && fd < kFirstIdle ? renumber_(fd, kFirstIdle) : fd;
    const bool is_moved = number != fd;
    may_lower_ = may_lower_ || is_moved;
    if (events_->arm(number)) {
      may_have_events_ = true;
      probing_.insert(number);
    } else {
      always_active_.insert(is_moved ? renumber_(number, 0) : number);
    }
  }
}

void QuietSet::wake(int fd) noexcept {
  if (!idle_.contains(fd)) return;
  idle_.erase(fd);
  --idle_count_;
  probing_.insert(fd);
  raise_active_end(fd);
}

// The events come last: they concern the next call.
void QuietSet::note(int ready, FdSet& readable, const FdSet& writable, const FdSet& exceptional) {
  if (!events_) return;
  const bool has_events = may_have_events_ && readable.contains(events_fd());
  if (has_events) {
    readable.erase(events_fd());
    --ready;
  }
  end_probes(readable, writable, exceptional);
  if (ready > 0) {
    for (const FdSet* set : {&std::as_const(readable), &writable, &exceptional}) {
      seen_.insert_all(*set);
    }
    if (++calls_ == kCallsPerPeriod) end_period();
  }
  if (has_events) take_events();
}

void QuietSet::end_probes(const FdSet& readable, const FdSet& writable,
                          const FdSet& exceptional) noexcept {
  for (const int fd : probing_) {
    if (readable.contains(fd) || writable.contains(fd) || exceptional.contains(fd)) continue;
    probing_.erase(fd);
    idle_.insert(fd);
    ++idle_count_;
  }
}

void QuietSet::take_events() {
  const bool is_complete = events_->take([this](int fd) {
    if (!is_armed(fd)) return;
    seen_.insert(fd);  // Even if it is never ready, it must not have events forever.
    find_busy(fd);     // Not at the end of the period only: each event costs time.
    wake(fd);
  });
  if (is_complete) return;
  to_recheck_.insert_all(idle_);
  has_changes_ = true;
}

// The descriptor has been seen in this period.
void QuietSet::find_busy(int fd) noexcept {
  const bool is_busy = seen_before_.contains(fd) && !always_active_.contains(fd);
  if (!is_busy || !(is_armed(fd) || is_high(fd))) return;
  busy_.insert(fd);
  has_changes_ = true;
}

void QuietSet::end_period() noexcept {
  for (const int fd : seen_) find_busy(fd);
  active_end_ = watched_.nfds_without(idle_);
  if (watched_count_ - idle_count_ >= min_candidates()) choose_candidates();
  seen_before_ = seen_;
  seen_.clear();
  calls_ = 0;
}

void QuietSet::choose_candidates() noexcept {
  copy_active(watched_, candidates_);
  for (const FdSet* set : {&seen_, &probing_, &always_active_}) candidates_.erase_all(*set);
  if (candidates_.size() >= min_candidates()) {
    has_changes_ = true;
  } else {
    candidates_.clear();
  }
}

}  // namespace echo
