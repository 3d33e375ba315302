#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "echo/os/fd_set.h"
#include "echo/os/signal_driven_io.h"

namespace echo {

// Decides which descriptors a call to select() may leave out.
//
// An active descriptor is in every call. It becomes a candidate if it is not ready during N calls
// that find other descriptors ready. A candidate is armed, so that the kernel reports its events,
// and the next call includes it once more. This probe detects events from before the arming. If the
// probe does not report it ready, the descriptor is idle: calls leave it out until an event makes
// it active again. A call includes at most kMaxProbing probes, so that no call takes long.
//
// An event puts its descriptor into the next call. Each further SignalDrivenIo::kMaxTaken events
// take one more call. If the kernel's queue overflows, all idle descriptors are probed again,
// kMaxProbing per call.
class QuietSet {
 public:
  // A descriptor stays active if the kernel does not report its events. If `enabled` is false, all
  // descriptors stay active.
  explicit QuietSet(bool enabled = true);

  // Allocates memory for the descriptors below `nfds`. No other function allocates.
  void reserve(int nfds);

  // Makes the descriptor active, because something new is expected of it.
  void add(int fd) noexcept;
  // Makes the descriptor active, and keeps it so until forget().
  void keep_active(int fd) noexcept;
  // Nothing is expected of the descriptor for now. keep_active() stays in effect.
  void remove(int fd) noexcept;
  // As remove(), for a descriptor that is closed or about to be closed. Also ends keep_active().
  void forget(int fd) noexcept;

  // Prepares the sets of a call to select(): removes the idle descriptors and adds the queue of
  // events. Returns true if the call contains probes and must not sleep.
  bool leave_out_idle(FdSet& readable, FdSet& writable) noexcept;
  // Evaluates a call to select() with `ready` results. Takes the reported events and removes their
  // descriptor, events_fd(), from `readable`.
  void note(int ready, FdSet& readable, const FdSet& writable, const FdSet& exceptional);

  const FdSet& idle() const noexcept { return idle_; }
  bool is_probing() const noexcept { return probing_count_ > 0; }
  // Readable after an event on an idle descriptor; -1 if the kernel reports no events.
  int events_fd() const noexcept { return events_ ? events_->fd() : -1; }

  static constexpr std::size_t kMaxProbing = 256;

  // The minimum number of candidates worth probing: while no descriptor is idle, and after that.
  static constexpr std::size_t kFewIdle = 16;
  static constexpr std::size_t kFewMore = 4;

 private:
  std::size_t worth_it() const noexcept { return idle_count_ > 0 ? kFewMore : kFewIdle; }
  std::array<FdSet*, 7> sets() noexcept;
  void activate(int fd) noexcept;
  void begin_probes() noexcept;
  void probe(int fd) noexcept;
  void take_events();
  void apply_probe_results(const FdSet& readable, const FdSet& writable,
                           const FdSet& exceptional) noexcept;
  void choose_candidates() noexcept;

  std::optional<SignalDrivenIo> events_;
  FdSet watched_;
  FdSet always_active_;
  FdSet idle_;
  FdSet to_recheck_;  // Idle ones to probe again, because events were lost.
  FdSet probing_;     // Probed by the next call.
  FdSet candidates_;  // Active ones to probe, unless they become ready first.
  FdSet seen_;        // Ready or added since the last choice of candidates.
  std::size_t watched_count_ = 0;
  std::size_t idle_count_ = 0;
  std::size_t probing_count_ = 0;
  int next_recheck_ = 0;
  bool has_probes_ = false;       // There are candidates or idle ones to probe.
  bool may_have_events_ = false;  // Stays true once a descriptor has been armed.
  int calls_ = 0;                 // Calls that found something since that choice.
};

}  // namespace echo
