#pragma once

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
// N calls that find other descriptors ready. A candidate is armed: the kernel reports its events
// from then on. The next call probes it, which detects earlier events. If a call that probes a
// descriptor does not find it ready, the descriptor is idle: calls leave it out until an event has
// them probe it again. It stays armed meanwhile, so that a message now and then costs one event. If
// it is ready in two periods in a row, it is disarmed and active. A call starts at most
// kMaxProbes probes, so that no call takes long.
//
// An event puts its descriptor into the next call. Each further SignalDrivenIo::kMaxTaken events
// take one more call. If the kernel's queue overflows, all idle descriptors are probed again,
// kMaxProbes per call.
class QuietSet {
 public:
  // A descriptor stays active if the kernel does not report its events. If `enabled` is false, all
  // descriptors stay active.
  //
  // The cost of select() grows with its highest descriptor. So begin_call() has `renumber`, if
  // there is one, give a descriptor that is about to be armed a number from kFirstIdle on, and a
  // busy one a low number. `renumber` gives the descriptor the lowest free number from `at_least`
  // on, calls replace(), and returns the number; or it returns `fd`.
  using Renumber = std::function<int(int fd, int at_least)>;
  explicit QuietSet(bool enabled = true, Renumber renumber = {});
  static constexpr int kFirstIdle = 1024;

  // Allocates memory for the descriptors below `nfds`. No other function allocates.
  void reserve(int nfds);

  // Puts the descriptor into the next call, because something new is expected of it.
  void add(int fd) noexcept;
  // Makes the descriptor active, and keeps it so until forget().
  void keep_active(int fd) noexcept;
  // Nothing is expected of the descriptor for now. keep_active() stays in effect.
  void remove(int fd) noexcept;
  // As remove(), for a descriptor that is closed or about to be closed. Also ends keep_active().
  void forget(int fd) noexcept;
  // Has the descriptor `to` take the place of `from`. Call it in `renumber` only, after reserve().
  void replace(int from, int to) noexcept;

  // Starts probes, and disarms busy descriptors. Both may give descriptors other numbers. Call it
  // before the sets of a call to select() are made.
  void begin_call();
  // Prepares the sets of a call to select(): removes the idle descriptors and adds the queue of
  // events. Returns true if the call must not sleep, because idle descriptors wait for a probe.
  bool leave_out_idle(FdSet& readable, FdSet& writable) noexcept;
  // Evaluates a call to select() with `ready` results. Takes the reported events and removes their
  // descriptor, events_fd(), from `readable`.
  void note(int ready, FdSet& readable, const FdSet& writable, const FdSet& exceptional);

  const FdSet& idle() const noexcept { return idle_; }
  // Armed, and in the next call.
  const FdSet& probing() const noexcept { return probing_; }
  // Readable after an event on an idle descriptor; -1 if the kernel reports no events.
  int events_fd() const noexcept { return events_ ? events_->fd() : -1; }

  static constexpr std::size_t kMaxProbes = 256;

  // Going idle costs about the same as including the descriptor in that many calls.
  static constexpr int kCallsPerPeriod = 8;

  // The minimum number of candidates worth probing: while no descriptor is idle, and after that.
  static constexpr std::size_t kFewIdle = 16;
  static constexpr std::size_t kFewMore = 4;

 private:
  std::size_t worth_it() const noexcept { return idle_count_ > 0 ? kFewMore : kFewIdle; }
  std::array<FdSet*, 9> sets() noexcept;
  bool is_armed(int fd) const noexcept { return idle_.contains(fd) || probing_.contains(fd); }
  bool is_high(int fd) const noexcept;
  void activate(int fd) noexcept;
  void begin_probes();
  void disarm_busy();
  void probe(int fd) noexcept;
  void end_probes(const FdSet& readable, const FdSet& writable, const FdSet& exceptional) noexcept;
  void take_events();
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
  FdSet seen_before_;  // Ready or added in the last period.
  std::size_t watched_count_ = 0;
  std::size_t idle_count_ = 0;
  std::size_t probing_count_ = 0;
  int next_recheck_ = 0;
  bool has_probes_ = false;       // There are candidates or idle ones to probe.
  bool may_have_events_ = false;  // Stays true once a descriptor has been armed.
  int calls_ = 0;                 // Calls of this period.
};

}  // namespace echo
