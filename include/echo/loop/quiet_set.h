#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "echo/os/fd_set.h"
#include "echo/os/signal_driven_io.h"

namespace echo {

// Which of many descriptors select() need not be asked about.
//
// A descriptor that is asked about in each call is active. One that was not ready while others
// were, N calls long, is a candidate: the kernel is told to report events on it, and one more call
// asks about it, which is its probe, because what was there before is not reported. If it is not
// ready then either it is idle: left out until an event makes it active again. One call probes at
// most kMaxProbing, so that none takes long.
//
// The call after an event asks about the descriptor again. If more has happened, that is one call
// later for every SignalDrivenIo::kMaxTaken events. If more has happened than the kernel queues,
// all idle ones are probed again: one call later for every kMaxProbing of them.
class QuietSet {
 public:
  // A descriptor of which the kernel reports no events stays active; without `enabled` each does.
  explicit QuietSet(bool enabled = true);

  // Takes memory for the descriptors below `nfds`. Nothing else does.
  void reserve(int nfds);

  // Something new is expected of the descriptor: it is active.
  void add(int fd) noexcept;
  // The descriptor is active, and stays so until it is forgotten.
  void keep_active(int fd) noexcept;
  // Nothing is expected of it for now.
  void remove(int fd) noexcept;
  // The same for one whose file is closed, or will be.
  void forget(int fd) noexcept;

  // Before a call of select(): takes the idle descriptors out of its sets, and has it ask for
  // events too. Returns whether some are probed, so that the call must not sleep.
  bool leave_out_idle(FdSet& readable, FdSet& writable) noexcept;
  // After it: how many it found ready, and which. Events are taken, and are not among them any
  // more.
  void note(int ready, FdSet& readable, const FdSet& writable, const FdSet& exceptional);

  const FdSet& idle() const noexcept { return idle_; }
  bool is_probing() const noexcept { return probing_count_ > 0; }
  // Readable once something happened on an idle descriptor; -1 if no events are reported.
  int events_fd() const noexcept { return events_ ? events_->fd() : -1; }

  static constexpr std::size_t kMaxProbing = 256;

  // Fewer candidates are not worth the cost; nor are fewer than kFewMore, once some are idle.
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
  FdSet to_recheck_;  // The idle ones that must be probed, since events were lost.
  FdSet probing_;     // Probed by the next call.
  FdSet candidates_;  // The active ones that must be probed, unless they are ready meanwhile.
  FdSet seen_;        // Those that were ready, or added, since candidates were chosen.
  std::size_t watched_count_ = 0;
  std::size_t idle_count_ = 0;
  std::size_t probing_count_ = 0;
  int next_recheck_ = 0;
  bool has_probes_ = false;       // Of candidates, or to recheck.
  bool may_have_events_ = false;  // From the first idle one on, though none is idle any more.
  int calls_ = 0;                 // That found something, since candidates were chosen.
};

}  // namespace echo
