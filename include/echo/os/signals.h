#pragma once

#include <csignal>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/os/unique_fd.h"

namespace echo {

sigset_t signal_set(std::initializer_list<int> signals) noexcept;

// Blocks the signals to the end of the process, except while there is a Signals: one that comes
// after that does not end the process with a status of its own. Throws std::system_error.
void block_signals(std::initializer_list<int> signals);

// Makes each of the signals end the process at once with status 0, until there is a Signals, even
// if the process was started with them blocked or ignored. A SIGHUP that is ignored stays so:
// nohup(1) means it. Throws std::system_error.
void exit_on_signals(std::initializer_list<int> signals);

// "SIGHUP", "SIGINT", "SIGUSR2"; "SIGTERM" for any other.
std::string_view signal_name(int signal) noexcept;

// Leaves no child of the process, dead already or later, waiting to be reaped: process 1 gets the
// orphans of others.
void reap_children() noexcept;

// Makes signals an input of the main loop: their handler writes to a pipe that select() watches.
//
// One object a process at a time, since signals belong to the process. The destructor restores
// everything.
class Signals {
 public:
  // Standard signals only, 1 to 30; they are unblocked. A SIGHUP that is ignored already stays so:
  // nohup(1) means it. Throws std::system_error if one cannot be caught.
  explicit Signals(std::initializer_list<int> caught);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() { restore(); }

  // Readable while take() has something to return.
  int fd() const noexcept { return reader_.get(); }

  // One of the signals that came, each once, lowest number first; 0 at the end of those, though
  // more may have come meanwhile, and if there is none. It costs no system call then.
  int take() noexcept;

 private:
  void restore() noexcept;

  UniqueFd reader_;
  UniqueFd writer_;
  sigset_t old_mask_{};
  std::vector<std::pair<int, struct sigaction>> old_actions_;
  unsigned to_take_ = 0;  // What take() has yet to return: bit N stands for signal N.
};

}  // namespace echo
