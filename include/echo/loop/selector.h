#pragma once

#include <chrono>
#include <optional>

#include "echo/base/time.h"
#include "echo/loop/quiet_set.h"
#include "echo/os/fd_set.h"

namespace echo {

// select() for a main loop. The caller keeps two sets of descriptors, inputs and outputs; wait()
// fills three: readable, writable, exceptional.
//
// After a descriptor has been added to outputs, find_writable() asks about the outputs alone.
// wait() calls it first. If it finds a writable one, the next wait() asks about the inputs again.
//
// If many descriptors have not been ready recently, QuietSet leaves them out; its comment states
// how soon their events are reported. QuietSet uses signals of the process, so only one Selector
// with a QuietSet may live at a time.
class Selector {
 public:
  // kAll: each call to select() asks about all inputs and outputs, without a QuietSet.
  enum class Asks { kAll, kActive };
  // wait() calls `renumber`, if there is one, to give descriptors other numbers: see QuietSet.
  explicit Selector(Asks asks = Asks::kActive, QuietSet::Renumber renumber = {});

  // Allocates all memory for the descriptors below `nfds`.
  void reserve(int nfds);

  // Adds the descriptor to inputs, or to outputs, or removes it. Allocates unless reserve() has
  // done so; the same holds for keep_active().
  void watch_input(int fd, bool wanted);
  void watch_output(int fd, bool wanted);

  // Keeps the descriptor in every call to select() until forget().
  void keep_active(int fd);

  // Removes the descriptor from every set, the three results included: a new file with the same
  // number must not inherit a result of the old one within the same turn.
  void forget(int fd) noexcept;

  // Renames the descriptor `from` to `to`. Call it in `renumber` only, after reserve().
  void replace(int from, int to) noexcept;

  // Asks, without waiting, about the outputs alone if one has been added since the last call of
  // find_writable() or wait(). Returns true if one is writable; then `readable` and `exceptional`
  // are empty. Otherwise, or after an error, call wait(). Never returns true twice in a row.
  bool find_writable();

  // Waits until a descriptor is ready or `timeout` has passed (nullopt: forever). It may return
  // early with empty results: after a signal or an event of an idle descriptor, and while idle ones
  // are probed again because events were lost. Returns 0, or an errno value such as ENOMEM with
  // empty results. After an error wait() has slept for kRest, or until a signal, so the caller may
  // try again immediately.
  int wait(std::optional<Duration> timeout);

  const FdSet& inputs() const noexcept { return inputs_; }
  const FdSet& outputs() const noexcept { return outputs_; }

  // The results of wait(), or of find_writable() if it returned true. `exceptional` covers the
  // inputs: urgent data (tcp(7)).
  const FdSet& readable() const noexcept { return readable_; }
  const FdSet& writable() const noexcept { return writable_; }
  const FdSet& exceptional() const noexcept { return exceptional_; }

  static constexpr Duration kRest = std::chrono::milliseconds{10};

 private:
  void watch(FdSet& set, int fd, bool wanted);

  int ask_about_all(std::optional<Duration> timeout);

  FdSet inputs_;
  FdSet outputs_;
  FdSet readable_;
  FdSet writable_;
  FdSet exceptional_;
  int reserved_ = 0;                  // There is memory for the descriptors below it.
  bool has_new_output_ = false;       // Probably writable immediately.
  bool asked_about_outputs_ = false;  // In the last call of find_writable().

  QuietSet quiet_set_;
};

}  // namespace echo
