#pragma once

#include <csignal>
#include <utility>

#include "echo/os/output.h"
#include "echo/os/signals.h"

namespace echo {

// The signals by which a user controls a measurement: SIGHUP, SIGINT and SIGTERM end it; SIGQUIT
// and SIGUSR1 ask how far it is (ping(8)). A SIGHUP that is ignored at the start stays so
// (nohup(1)).
class Interrupts {
 public:
  Interrupts() : signals_{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1} {}

  // Readable once one came that has not been asked for.
  int fd() const noexcept { return signals_.fd(); }

  // The first signal to end that came, until it is forgotten; 0: none.
  int ending() noexcept {
    take();
    return ending_;
  }
  void forget_ending() noexcept {
    has_ended_ = has_ended_ || ending_ != 0;
    ending_ = 0;
  }

  // Whether it was asked since the last call.
  bool take_question() noexcept {
    take();
    return std::exchange(is_asked_, false);
  }

  // Results wait for their reader until the measurement must end,
  OutputWait output_wait() {
    return {.interrupt = fd(), .is_over = [this] { return ending() != 0; }};
  }
  // and a log line does not wait at all once it had to.
  OutputWait log_wait() {
    return {.interrupt = fd(), .is_over = [this] { return ending() != 0 || has_ended_; }};
  }

 private:
  void take() noexcept {
    while (const int signal = signals_.take()) {
      if (signal == SIGQUIT || signal == SIGUSR1) {
        is_asked_ = true;
      } else if (ending_ == 0) {
        ending_ = signal;
      }
    }
  }

  Signals signals_;
  int ending_ = 0;
  bool has_ended_ = false;
  bool is_asked_ = false;
};

}  // namespace echo
