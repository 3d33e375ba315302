#pragma once

#include <array>
#include <cstddef>

#include "echo/os/fd_set.h"
#include "echo/os/signal_driven_io.h"

namespace echo {

// Which of many descriptors select() need not be asked about.
//
// Those it is asked about each time are active. One that was not ready while others were, again and
// again, becomes quiet: the system tells from then on when something happens on it, and that makes
// it active again. What was there before the system was told to tell, or is lost because more
// happened than it queues, is found by a trial: select() is asked about the quiet one once more.
// One call has kMaxOnTrial of them, so that none takes long.
//
// So of what happens on a quiet descriptor the next call is told, and the one after it is asked
// about it. Where more has happened before, that is one call later for every
// SignalDrivenIo::kMaxTaken events; where events were lost, one for every kMaxOnTrial that are
// quiet.
class QuietSet {
 public:
  // Throws std::bad_alloc. What the system tells no events of stays active.
  QuietSet();

  // Takes memory for the descriptors below `nfds`. Nothing else does.
  void reserve(int nfds);

  // Something new is expected of the descriptor: it is active.
  void add(int fd) noexcept;
  // Likewise, and it stays so until it is forgotten.
  void keep_active(int fd) noexcept;
  // Nothing is expected of it for now.
  void remove(int fd) noexcept;
  // The same for one whose file is closed, or will be.
  void forget(int fd) noexcept;

  // Chooses what the next call of select() asks about: all but the quiet ones.
  void prepare() noexcept;
  const FdSet& quiet() const noexcept { return quiet_; }

  // Whether it has some on trial, and so is not to sleep.
  bool has_trial() const noexcept { return trial_count_ > 0; }

  bool has_quiet() const noexcept { return quiet_count_ > 0; }
  // Whether something may be queued: from the first quiet one on, though none is quiet any more.
  bool may_have_events() const noexcept { return has_armed_; }
  // Readable once something happened on a quiet one: take_events() then. -1 where none are ever.
  int events_fd() const noexcept { return events_.fd(); }
  void take_events();

  // What that call found, if anything.
  void note(const FdSet& readable, const FdSet& writable, const FdSet& exceptional) noexcept;

  static constexpr std::size_t kMaxOnTrial = 256;

  // Fewer are not worth the trouble; nor are so few more, once some are quiet.
  static constexpr std::size_t kFewQuiet = 16;
  static constexpr std::size_t kFewMore = 4;

 private:
  std::size_t worth_it() const noexcept { return has_quiet() ? kFewMore : kFewQuiet; }
  std::array<FdSet*, 7> sets() noexcept;
  void activate(int fd) noexcept;
  void try_doubted() noexcept;
  void try_quiet(int fd) noexcept;
  void judge(const FdSet& readable, const FdSet& writable, const FdSet& exceptional) noexcept;
  void look_for_quiet_ones() noexcept;

  SignalDrivenIo events_;
  FdSet watched_;
  FdSet always_active_;
  FdSet quiet_;
  FdSet doubted_;   // The quiet ones that are to have a trial.
  FdSet on_trial_;  // Those that have it now, and are quiet afterwards unless they are ready.
  FdSet ageing_;    // The active ones that are to have one, unless they are seen meanwhile.
  FdSet seen_;      // Those that were ready, or added, since these were chosen.
  std::size_t watched_count_ = 0;
  std::size_t quiet_count_ = 0;
  std::size_t trial_count_ = 0;
  int next_doubted_ = 0;         // Which of those is next.
  bool has_candidates_ = false;  // For a trial.
  bool has_armed_ = false;       // One at least, ever.
  int calls_ = 0;                // That found something, since the last choice of these.
};

}  // namespace echo
