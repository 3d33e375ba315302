#pragma once

#include <chrono>
#include <optional>

#include "echo/base/time.h"
#include "echo/loop/quiet_set.h"
#include "echo/os/fd_set.h"

namespace echo {

// select() for a main loop: from two sets of descriptors, inputs and outputs, wait() makes three:
// readable, writable, exceptional.
//
// After a descriptor was put into outputs, wait() asks about the outputs alone first, and reports
// those that are writable; if there are any, the next wait() asks about the inputs again.
//
// The descriptors that have not been ready recently are left to QuietSet, if they are many; it says
// how soon what happens on them is reported. It takes signals that are the process's, so that one
// Selector with it may live at a time.
class Selector {
 public:
  // kAll: each call of select() asks about all inputs and outputs; there is no QuietSet.
  enum class Asks { kAll, kActive };
  explicit Selector(Asks asks = Asks::kActive);

  // Takes memory for all that is ever done with the descriptors below `nfds`.
  void reserve(int nfds);

  // Puts the descriptor into inputs, or outputs, or takes it out. Takes memory if reserve() has not
  // done so; nothing else does.
  void watch_input(int fd, bool wanted);
  void watch_output(int fd, bool wanted);

  // Has select() asked about it each time, until it is forgotten. It takes memory as watching does.
  void keep_active(int fd);

  // Takes the descriptor out of every set, the three results too: a new file that gets the same
  // number within the turn does not inherit what was reported of the old one.
  void forget(int fd) noexcept;

  // Waits until a descriptor is ready or `timeout` passed (nullopt: for ever); it may return with
  // nothing before, after a signal for instance, but not again and again. Returns 0, or an errno
  // value with the three results empty, such as ENOMEM: wait() has rested for kRest then, or until
  // a signal came, so that the caller may simply try again.
  int wait(std::optional<Duration> timeout);

  const FdSet& inputs() const noexcept { return inputs_; }
  const FdSet& outputs() const noexcept { return outputs_; }

  // What the last wait() found. `exceptional` covers the inputs: urgent data (tcp(7)).
  const FdSet& readable() const noexcept { return readable_; }
  const FdSet& writable() const noexcept { return writable_; }
  const FdSet& exceptional() const noexcept { return exceptional_; }

  static constexpr Duration kRest = std::chrono::milliseconds{10};

 private:
  void watch(FdSet& set, int fd, bool wanted);

  int ask_about_outputs();
  int ask_about_all(std::optional<Duration> timeout);

  FdSet inputs_;
  FdSet outputs_;
  FdSet readable_;
  FdSet writable_;
  FdSet exceptional_;
  int reserved_ = 0;             // There is memory for the descriptors below it.
  bool has_new_output_ = false;  // Most likely it is writable at once.
  bool outputs_came_first_ = false;

  QuietSet quiet_set_;
};

}  // namespace echo
