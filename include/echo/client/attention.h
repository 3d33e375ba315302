#pragma once

#include <chrono>
#include <optional>

#include "echo/base/time.h"

namespace echo {

// Measures for how long a loop has not looked at its sockets: because the process was stopped,
// suspended or short of processor time, or waited for a reader of its output. The server must not
// be blamed for a timeout in that time. Time between two turns of the loop is not measured.
class Attention {
 public:
  explicit Attention(Time now) noexcept : since_(now) {}

  void turn_begins(Time now) noexcept { since_ = now; }
  void turn_ends(Time now) noexcept { add(now - since_); }

  // Call these before and after each wait of the loop. `timeout` is the timeout of the wait;
  // nullopt if it has none.
  void wait_begins(Time now, std::optional<Duration> timeout) noexcept {
    add(now - since_);
    since_ = now;
    timeout_ = timeout;
  }
  void wait_ended(Time now) noexcept {
    if (timeout_) add(now - since_ - *timeout_);
    since_ = now;
  }

  // The total so far. Periods of at most kShort count as the normal work of the loop.
  Duration away() const noexcept { return away_; }

  static constexpr Duration kShort = std::chrono::milliseconds{100};

 private:
  void add(Duration time) noexcept {
    if (time > kShort) away_ += time;
  }

  Time since_;
  std::optional<Duration> timeout_;
  Duration away_{0};
};

}  // namespace echo
