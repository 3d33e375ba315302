#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "echo/base/time.h"

namespace echo {

// How long a drain waits for its clients.
//
// Bytes that reached the sockets in time count, however late the loop looks: after the timeout it
// takes some turns more, until select() finds nothing, and gives the peers the time for which it
// has kept them waiting.
class DrainTimeout {
 public:
  static constexpr int kMaxLateTurns = 8;
  static constexpr Duration kMaxLateWait = std::chrono::milliseconds{250};

  void start(Time now, Duration timeout) noexcept {
    *this = {};
    deadline_ = now + timeout;
  }
  bool is_running() const noexcept { return deadline_.has_value(); }

  // Whether the drain is over. To be asked once a turn, with what select() found in it.
  bool is_over(Time now, bool found_nothing) noexcept {
    if (!deadline_ || now < *deadline_) return false;
    if (late_turns_++ == 0) {
      // This turn began before the deadline.
      wait_until_ = now + std::min(now - *deadline_, kMaxLateWait);
      return false;
    }
    return now >= wait_until_ && (found_nothing || late_turns_ > kMaxLateTurns);
  }

  // When to ask though nothing happens; nullopt for never.
  std::optional<Time> next_deadline() const noexcept {
    return deadline_ ? std::optional(std::max(*deadline_, wait_until_)) : std::nullopt;
  }

 private:
  std::optional<Time> deadline_;
  int late_turns_ = 0;             // After the deadline.
  Time wait_until_ = Time::min();  // In those turns.
};

}  // namespace echo
