#pragma once

#include <csignal>
#include <optional>

#include "echo/fd_set.h"
#include "echo/units.h"

namespace echo {

// Says which sockets are ready. It alone knows how select() is called.
//
// It keeps two sets of its own - inputs, the descriptors one expects to read from, and outputs,
// those one expects to write to - and wait() hands back three: readable, writable, exceptional.
class Selector {
 public:
  // `wait_mask`, where given, is the signal mask while wait() sleeps: signals that the caller keeps
  // blocked are delivered there and nowhere else (pselect(2)). It is copied.
  explicit Selector(const sigset_t* wait_mask = nullptr);

  // Puts the descriptor into inputs, or outputs, or takes it out. The first time a descriptor is
  // put in takes memory for all that is ever done with it; nothing else does.
  void watch_input(int fd, bool wanted);
  void watch_output(int fd, bool wanted);

  // Takes the descriptor out of every set, the three results too: a new file that gets the same
  // number within the turn does not inherit what was reported of the old one.
  void forget(int fd) noexcept;

  // Waits until a descriptor is ready, a signal came, or `timeout` passed (nullopt: for ever).
  // Returns 0, or an errno value with the three results empty: EINTR, a signal's handler ran; any
  // other is the system's trouble (ENOMEM), after which wait() has rested for kRest already, so
  // that the caller may simply try again.
  int wait(std::optional<Duration> timeout);

  const FdSet& inputs() const noexcept { return inputs_; }
  const FdSet& outputs() const noexcept { return outputs_; }

  // What the last wait() found. `exceptional` covers the inputs: urgent data (tcp(7)).
  const FdSet& readable() const noexcept { return readable_; }
  const FdSet& writable() const noexcept { return writable_; }
  const FdSet& exceptional() const noexcept { return exceptional_; }

  static constexpr Duration kRest = std::chrono::milliseconds{10};

 private:
  void reserve(int nfds);
  int select_once(std::optional<Duration> timeout);
  bool let_signals_in();
  void rest();

  std::optional<sigset_t> wait_mask_;
  FdSet inputs_;
  FdSet outputs_;
  FdSet readable_;
  FdSet writable_;
  FdSet exceptional_;
  int ready_without_sleep_ = 0;
};

}  // namespace echo
