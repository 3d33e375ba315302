#pragma once

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

  void start(Time now, Duration timeout) noexcept;
  bool is_running() const noexcept { return deadline_.has_value(); }

  // Whether the drain is over. To be asked once a turn, at whose end select() had found something,
  // or nothing.
  bool is_over(Time now, bool found_nothing) noexcept;

  // When to ask though nothing happens; nullopt for never.
  std::optional<Time> next_deadline() const noexcept;

 private:
  std::optional<Time> deadline_;
  int late_turns_ = 0;             // After the deadline.
  Time wait_until_ = Time::min();  // In those turns.
};

}  // namespace echo
