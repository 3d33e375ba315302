#pragma once

#include <csignal>
#include <utility>

#include "echo/os/output.h"
#include "echo/os/signals.h"

namespace echo {

// The signals that control a measurement. SIGHUP, SIGINT and SIGTERM end it; SIGQUIT and SIGUSR1
// request a status line, as in ping(8). SIGHUP remains ignored if it was at the start, as with
// nohup(1).
class Interrupts {
 public:
  Interrupts() : signals_{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1} {}

  // Readable while signals are pending. ending() and take_status_request() read them.
  int fd() const noexcept { return signals_.fd(); }

  // The first signal that ends the measurement; 0 if none has arrived since clear_ending().
  int ending() noexcept {
    take();
    return ending_;
  }
  void clear_ending() noexcept {
    has_ended_ = has_ended_ || ending_ != 0;
    ending_ = 0;
  }

  // True if a status line has been requested since the last call.
  bool take_status_request() noexcept {
    take();
    return std::exchange(is_asked_, false);
  }

  // The wait for a reader of the results: until a signal ends the measurement.
  OutputWait output_wait() {
    return {.interrupt = fd(), .is_over = [this] { return ending() != 0; }};
  }
  // The wait for a reader of the log: none once any signal has ended the measurement.
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
