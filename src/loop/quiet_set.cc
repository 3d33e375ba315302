#include "echo/loop/quiet_set.h"

#include <utility>

#include "echo/os/platform.h"

namespace echo {
namespace {

// A descriptor is a candidate after this many calls that found other descriptors. Going idle and
// active again costs about the same as including the descriptor in that many calls.
constexpr int kCallsBeforeIdle = 8;

}  // namespace

QuietSet::QuietSet(bool enabled) {
  if (enabled && !is_posix_only()) events_.emplace();
}

// The order matters if memory runs out in between: a set needs at least as much memory as each set
// that it copies, and those sets come later.
std::array<FdSet*, 7> QuietSet::sets() noexcept {
  return {&seen_, &candidates_, &to_recheck_, &probing_, &idle_, &always_active_, &watched_};
}

void QuietSet::reserve(int nfds) {
  for (FdSet* set : sets()) set->reserve(nfds);
}

void QuietSet::add(int fd) noexcept {
  if (!watched_.contains(fd)) ++watched_count_;
  watched_.insert(fd);
  seen_.insert(fd);
  activate(fd);
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
  if (probing_.contains(fd)) --probing_count_;
  for (FdSet* set : sets()) set->erase(fd);
}

void QuietSet::activate(int fd) noexcept {
  if (idle_.contains(fd)) {
    --idle_count_;
  } else if (probing_.contains(fd)) {
    --probing_count_;
  } else {
    return;
  }
  SignalDrivenIo::disarm(fd);
  for (FdSet* set : {&idle_, &to_recheck_, &probing_}) set->erase(fd);
}

bool QuietSet::leave_out_idle(FdSet& readable, FdSet& writable) noexcept {
  if (has_probes_) begin_probes();
  for (FdSet* set : {&readable, &writable}) set->erase_all(idle_);
  if (may_have_events_) readable.insert(events_fd());
  return is_probing();
}

// Rechecking continues after the last descriptor probed, so that each has its turn even if events
// are lost repeatedly.
void QuietSet::begin_probes() noexcept {
  while (probing_count_ < kMaxProbing) {
    int fd = to_recheck_.next(next_recheck_);
    if (fd < 0) fd = to_recheck_.next(0);
    if (fd < 0) break;
    next_recheck_ = fd + 1;
    to_recheck_.erase(fd);
    if (!idle_.contains(fd)) continue;
    idle_.erase(fd);
    --idle_count_;
    probe(fd);
  }
  int fd = -1;
  while (probing_count_ < kMaxProbing && (fd = candidates_.next(fd + 1)) >= 0) {
    candidates_.erase(fd);
    if (seen_.contains(fd)) continue;
    if (events_->arm(fd)) {
      may_have_events_ = true;
      probe(fd);
    } else {
      always_active_.insert(fd);
    }
  }
  has_probes_ = probing_count_ == kMaxProbing;
}

void QuietSet::probe(int fd) noexcept {
  probing_.insert(fd);
  ++probing_count_;
}

void QuietSet::note(int ready, FdSet& readable, const FdSet& writable, const FdSet& exceptional) {
  if (may_have_events_ && readable.contains(events_fd())) {
    readable.erase(events_fd());
    --ready;
    take_events();
  }
  if (is_probing()) apply_probe_results(readable, writable, exceptional);
  if (!events_ || ready == 0 || watched_count_ - idle_count_ < worth_it()) return;
  for (const FdSet* set : {&std::as_const(readable), &writable, &exceptional}) {
    seen_.insert_all(*set);
  }
  if (++calls_ == kCallsBeforeIdle) choose_candidates();
}

void QuietSet::take_events() {
  const bool is_complete = events_->take([this](int fd) { activate(fd); });
  if (is_complete) return;
  to_recheck_.insert_all(idle_);
  to_recheck_.insert_all(probing_);
  has_probes_ = true;
}

void QuietSet::apply_probe_results(const FdSet& readable, const FdSet& writable,
                                   const FdSet& exceptional) noexcept {
  for (const int fd : probing_) {
    if (readable.contains(fd) || writable.contains(fd) || exceptional.contains(fd)) {
      activate(fd);
    } else {
      idle_.insert(fd);
      ++idle_count_;
    }
  }
  probing_.clear();
  probing_count_ = 0;
}

void QuietSet::choose_candidates() noexcept {
  candidates_ = watched_;
  for (const FdSet* set : {&seen_, &idle_, &always_active_}) candidates_.erase_all(*set);
  if (candidates_.size() >= worth_it()) {
    has_probes_ = true;
  } else {
    candidates_.clear();
  }
  seen_.clear();
  calls_ = 0;
}

}  // namespace echo
