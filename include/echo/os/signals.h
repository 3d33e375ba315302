#pragma once

#include <csignal>
#include <initializer_list>
#include <utility>
#include <vector>

namespace echo {

// Blocks the signals to the end of the process: before a Signals takes them over, so that one that
// comes once that is gone does not end the process with a status of its own.
// Throws std::system_error.
void block_signals(std::initializer_list<int> signals);

// Has each of the signals end the process at once with status 0, though it was started with them
// blocked or ignored, until a Signals takes them over. A SIGHUP that is ignored stays so: nohup(1)
// means it. Throws std::system_error.
void exit_on_signals(std::initializer_list<int> signals);

// Has no child of the process, dead or yet to die, wait to be reaped: as process 1 it is given the
// orphans of others.
void reap_children() noexcept;

// Takes signals over for a main loop: blocked while the loop works, delivered while it waits with
// wait_mask(), noted by a handler that sets a flag, and asked for with take().
//
// One object a process at a time, since signals belong to the process. The destructor puts
// everything back.
class Signals {
 public:
  // Standard signals only, 1 to 31. Throws std::system_error where one cannot be caught. A SIGHUP
  // that is ignored already stays so: nohup(1) means it.
  explicit Signals(std::initializer_list<int> caught);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() { restore(); }

  // The mask for Selector, or pselect(2): lets the caught signals in.
  const sigset_t& wait_mask() const noexcept { return wait_mask_; }

  // One of the signals that came, each once, lowest number first; 0 where there is none. Where
  // wait() has let one in, those that came together with it are there too, though pselect() lets in
  // one at a time. For use outside wait(), where the handlers cannot run.
  int take() noexcept;

 private:
  void note_pending() noexcept;
  void set_action(int signal, void (*handler)(int));
  void restore() noexcept;

  sigset_t caught_{};
  sigset_t wait_mask_{};
  sigset_t old_mask_{};
  std::vector<std::pair<int, struct sigaction>> old_actions_;
  unsigned to_take_ = 0;  // Those that take() has yet to return: bit N stands for signal N.
};

}  // namespace echo
