#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <optional>

#include "echo/os/fd_set.h"
#include "echo/os/signal_driven_io.h"

namespace echo {

// Decides which descriptors a call to select() may leave out.
//
// An active descriptor is in every call. It becomes a candidate if it is not ready during a period,
// N calls that find other descriptors ready. If there are enough candidates, they are armed: the
// kernel reports their events from then on. The next call probes them, which detects earlier
// events.
//
// A descriptor that a probe does not find ready is idle: calls leave it out until an event. The
// next call then probes it again. Meanwhile it stays armed, so that a message now and then costs
// one event. If it is ready, or has events, in two periods in a row, it is disarmed and active.
//
// Before a call, at most kMaxChanges descriptors are armed, disarmed, or probed again because
// events were lost, so that no turn takes long. An event puts its descriptor into the next call.
// Each further SignalDrivenIo::kMaxTaken events take one more call. If the kernel's queue
// overflows, all idle descriptors are probed again, kMaxChanges per call.
class QuietSet {
 public:
  // A descriptor stays active if the kernel does not report its events. If `enabled` is false, all
  // descriptors stay active.
  //
  // The cost of select() grows with its highest descriptor. `renumber`, if there is one, moves
  // descriptors: one that is about to be armed to kFirstIdle or above, and a busy one to a low
  // number. It moves `fd` to the lowest free number from `at_least` on, calls replace(), and
  // returns the number. It returns `fd` if it cannot, or if `fd` is at least `at_least` and that
  // number is higher.
  using Renumber = std::function<int(int fd, int at_least)>;
  explicit QuietSet(bool enabled = true, Renumber renumber = {});
  static constexpr int kFirstIdle = 1024;

  // Allocates memory for the descriptors below `nfds`. No other function allocates, except
  // `renumber`.
  void reserve(int nfds);

  // Puts the descriptor into the next call, because something new is expected of it. A new
  // descriptor counts as ready in this period.
  void add(int fd) noexcept;
  // Makes the descriptor active, and keeps it so until forget().
  void keep_active(int fd) noexcept;
  // Nothing is expected of the descriptor for now. keep_active() stays in effect.
  void remove(int fd) noexcept;
  // As remove(), for a descriptor that is closed or about to be closed. Also ends keep_active().
  void forget(int fd) noexcept;
  // Renames the descriptor `from` to `to`. Call it in `renumber` only, after reserve().
  void replace(int from, int to) noexcept;

  // Arms, disarms and moves descriptors. Call it before the sets for a call to select() are made.
  void begin_call();
  // The descriptors to leave out of the next call.
  const FdSet& idle() const noexcept { return idle_; }
  // Copies `all` to `active` without the idle descriptors. All members of `all` must have been
  // added.
  void copy_active(const FdSet& all, FdSet& active) const {
    active.assign_difference(all, idle_, active_end_);
  }
  // All descriptors that are not idle are below it. It may be too high until the period ends.
  int active_end() const noexcept { return active_end_; }
  // Adds the queue of events to the inputs of the next call.
  void add_events(FdSet& readable) const noexcept {
    if (may_have_events_) readable.insert(events_fd());
  }
  // The next call must not sleep, because idle descriptors wait for a probe.
  bool must_not_sleep() const noexcept { return !to_recheck_.empty(); }
  // Evaluates a call to select() with `ready` results. Takes the reported events and removes their
  // descriptor, events_fd(), from `readable`.
  void note(int ready, FdSet& readable, const FdSet& writable, const FdSet& exceptional);

  // Armed, and in the next call.
  const FdSet& probing() const noexcept { return probing_; }
  // Readable after an event on an armed descriptor; -1 if the kernel reports no events.
  int events_fd() const noexcept { return events_ ? events_->fd() : -1; }

  static constexpr std::size_t kMaxChanges = 256;
  static constexpr int kCallsPerPeriod = 8;

  // The minimum number of candidates worth probing: while no descriptor is idle, and after that.
  static constexpr std::size_t kFewIdle = 16;
  static constexpr std::size_t kFewMore = 4;

 private:
  std::size_t min_candidates() const noexcept { return idle_count_ > 0 ? kFewMore : kFewIdle; }
  std::array<FdSet*, 9> sets() noexcept;
  bool is_armed(int fd) const noexcept { return idle_.contains(fd) || probing_.contains(fd); }
  bool is_high(int fd) const noexcept;
  void raise_active_end(int fd) noexcept { active_end_ = std::max(active_end_, fd + 1); }
  void activate(int fd) noexcept;
  // These do at most `left` changes, and subtract them.
  void disarm_busy(std::size_t& left);
  void recheck(std::size_t& left) noexcept;
  void arm_candidates(std::size_t& left);
  void wake(int fd) noexcept;
  void end_probes(const FdSet& readable, const FdSet& writable, const FdSet& exceptional) noexcept;
  void take_events();
  void find_busy(int fd) noexcept;
  void end_period() noexcept;
  void choose_candidates() noexcept;

  std::optional<SignalDrivenIo> events_;
  Renumber renumber_;
  FdSet watched_;
  FdSet always_active_;
  FdSet idle_;         // Armed, and left out.
  FdSet probing_;      // Armed, and in the next call.
  FdSet to_recheck_;   // Idle ones to probe again, because events were lost.
  FdSet candidates_;   // Active ones to arm and probe, unless they become ready first.
  FdSet busy_;         // To disarm, and to have low numbers.
  FdSet seen_;         // Ready or added in this period.
  FdSet seen_before_;  // Ready or added in the period before.
  int active_end_ = 0;
  std::size_t watched_count_ = 0;
  std::size_t idle_count_ = 0;
  int next_recheck_ = 0;
  bool has_changes_ = false;      // For begin_call().
  bool may_lower_ = true;         // Lower numbers than those of busy descriptors may be free.
  bool may_have_events_ = false;  // Stays true once a descriptor has been armed.
  int calls_ = 0;                 // Calls of this period.
};

}  // namespace echo
