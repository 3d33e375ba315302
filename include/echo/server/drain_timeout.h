#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "echo/base/time.h"

namespace echo {

// How long a drain waits for its clients.
//
// Bytes that reach a socket in time count, however late the loop runs. After the timeout the drain
// therefore continues for as long as the loop was late, at most kMaxLateWait, and until select()
// finds nothing, at most kMaxLateTurns turns.
class DrainTimeout {
 public:
  static constexpr int kMaxLateTurns = 8;
  static constexpr Duration kMaxLateWait = std::chrono::milliseconds{250};

  void start(Time now, Duration timeout) noexcept {
    *this = {};
    deadline_ = now + timeout;
  }
  bool is_running() const noexcept { return deadline_.has_value(); }

  // True if the drain is over. Call it once per turn.
  bool is_over(Time now, bool found_nothing) noexcept {
    if (!deadline_ || now < *deadline_) return false;
    if (late_turns_++ == 0) {
      // This turn began before the deadline.
      wait_until_ = now + std::min(now - *deadline_, kMaxLateWait);
      return false;
    }
    return now >= wait_until_ && (found_nothing || late_turns_ > kMaxLateTurns);
  }

  // When to call is_over() even if nothing happens; nullopt for never.
  std::optional<Time> next_deadline() const noexcept {
    return deadline_ ? std::optional(std::max(*deadline_, wait_until_)) : std::nullopt;
  }

 private:
  std::optional<Time> deadline_;
  int late_turns_ = 0;             // Turns after the deadline.
  Time wait_until_ = Time::min();  // These turns last at least until then.
};

}  // namespace echo
