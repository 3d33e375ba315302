#pragma once

#include <csignal>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/os/unique_fd.h"

namespace echo {

// Blocks the signals to the end of the process: before a Signals takes them over, so that one that
// comes once that is gone does not end the process with a status of its own.
// Throws std::system_error.
void block_signals(std::initializer_list<int> signals);

// Has each of the signals end the process at once with status 0, though it was started with them
// blocked or ignored, until a Signals takes them over. A SIGHUP that is ignored stays so: nohup(1)
// means it. Throws std::system_error.
void exit_on_signals(std::initializer_list<int> signals);

// "SIGHUP", "SIGINT", "SIGUSR2"; "SIGTERM" for any other.
std::string_view signal_name(int signal) noexcept;

// Has no child of the process, dead or yet to die, wait to be reaped: as process 1 it is given the
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
