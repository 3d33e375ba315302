#pragma once

#include <csignal>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/os/unique_fd.h"

namespace echo {

sigset_t signal_set(std::initializer_list<int> signals) noexcept;

// Blocks the signals for the rest of the process, except while a Signals object lives. A signal
// that arrives after the Signals object is gone therefore cannot replace the program's exit status.
// Throws std::system_error.
void block_signals(std::initializer_list<int> signals);

// Makes each of the signals end the process immediately with status 0, until a Signals object is
// created, even if the process was started with them blocked or ignored. An ignored SIGHUP stays
// ignored, as nohup(1) intends. Throws std::system_error.
void exit_on_signals(std::initializer_list<int> signals);

// "SIGHUP", "SIGINT", "SIGUSR2"; "SIGTERM" for any other signal.
std::string_view signal_name(int signal) noexcept;

// Reaps the children that have ended, and lets the kernel reap all later ones: process 1 inherits
// the orphans of other processes.
void reap_children() noexcept;

// Makes signals an input of the main loop: the handler writes to a pipe that select() watches.
//
// Signals belong to the process, so only one object may live at a time. The destructor restores the
// handlers and the mask.
class Signals {
 public:
  // Catches and unblocks the signals; only standard signals, 1 to 30, are possible. An ignored
  // SIGHUP stays ignored, as nohup(1) intends. Throws std::system_error if the
  // pipe cannot be created or a signal cannot be caught.
  explicit Signals(std::initializer_list<int> caught);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() { restore(); }

  // Readable when a batch of signals has arrived. Call take() until it returns 0.
  int fd() const noexcept { return reader_.get(); }

  // Returns the next signal of a batch, each once, lowest number first; 0 after the last one, even
  // if more signals have come since. If there is none, returns 0 without a system call.
  int take() noexcept;

 private:
  void restore() noexcept;

  UniqueFd reader_;
  UniqueFd writer_;
  sigset_t old_mask_{};
  std::vector<std::pair<int, struct sigaction>> old_actions_;
  unsigned to_take_ = 0;  // Signals that take() has not returned yet: bit N is signal N + 1.
};

}  // namespace echo
