#include "echo/loop/quiet_set.h"

#include <array>

namespace echo {
namespace {

// After how many calls that found others one is quiet. To become quiet and active again costs as
// much as being asked about so often.
constexpr int kPatience = 8;

}  // namespace

QuietSet::QuietSet() { reserve(events_.fd() + 1); }

std::array<FdSet*, 7> QuietSet::sets() noexcept {
  return {&seen_, &ageing_, &doubted_, &on_trial_, &quiet_, &always_active_, &watched_};
}

// First what is made of others: where memory ends halfway, it has room for them all the same.
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
  if (quiet_.contains(fd)) --quiet_count_;
  if (on_trial_.contains(fd)) --trial_count_;
  for (FdSet* set : sets()) set->erase(fd);
}

void QuietSet::activate(int fd) noexcept {
  if (quiet_.contains(fd)) {
    --quiet_count_;
  } else if (on_trial_.contains(fd)) {
    --trial_count_;
  } else {
    return;
  }
  SignalDrivenIo::disarm(fd);
  for (FdSet* set : {&quiet_, &doubted_, &on_trial_}) set->erase(fd);
}

void QuietSet::prepare() noexcept {
  if (!has_candidates_) return;
  try_doubted();
  int fd = -1;
  while (trial_count_ < kMaxOnTrial && (fd = ageing_.next(fd + 1)) >= 0) {
    ageing_.erase(fd);
    if (seen_.contains(fd)) continue;
    if (events_.arm(fd)) {
      has_armed_ = true;
      try_quiet(fd);
    } else {
      always_active_.insert(fd);
    }
  }
  has_candidates_ = trial_count_ == kMaxOnTrial;
}

// Goes on where it ended the last time, so that each has its turn though events are lost again and
// again.
void QuietSet::try_doubted() noexcept {
  while (trial_count_ < kMaxOnTrial) {
    int fd = doubted_.next(next_doubted_);
    if (fd < 0) fd = doubted_.next(0);
    if (fd < 0) return;
    next_doubted_ = fd + 1;
    doubted_.erase(fd);
    if (!quiet_.contains(fd)) continue;
    quiet_.erase(fd);
    --quiet_count_;
    try_quiet(fd);
  }
}

void QuietSet::try_quiet(int fd) noexcept {
  on_trial_.insert(fd);
  ++trial_count_;
}

void QuietSet::take_events() {
  const bool complete = events_.take([this](int fd) { activate(fd); });
  if (complete) return;
  doubted_.insert_all(quiet_);
  doubted_.insert_all(on_trial_);
  has_candidates_ = true;
}

void QuietSet::note(const FdSet& readable, const FdSet& writable,
                    const FdSet& exceptional) noexcept {
  if (has_trial()) judge(readable, writable, exceptional);
  if (watched_count_ - quiet_count_ < worth_it()) return;
  for (const FdSet* set : {&readable, &writable, &exceptional}) seen_.insert_all(*set);
  if (++calls_ == kPatience) look_for_quiet_ones();
}

void QuietSet::judge(const FdSet& readable, const FdSet& writable,
                     const FdSet& exceptional) noexcept {
  for (const int fd : on_trial_) {
    if (readable.contains(fd) || writable.contains(fd) || exceptional.contains(fd)) {
      activate(fd);
    } else {
      quiet_.insert(fd);
      ++quiet_count_;
    }
  }
  on_trial_.clear();
  trial_count_ = 0;
}

void QuietSet::look_for_quiet_ones() noexcept {
  ageing_.assign_difference(watched_, seen_);
  ageing_.erase_all(quiet_);
  ageing_.erase_all(always_active_);
  if (ageing_.size() >= worth_it()) {
    has_candidates_ = true;
  } else {
    ageing_.clear();
  }
  seen_.clear();
  calls_ = 0;
}

}  // namespace echo
