#include "echo/server/drain_timeout.h"

#include <algorithm>

namespace echo {

void DrainTimeout::start(Time now, Duration timeout) noexcept {
  deadline_ = now + timeout;
  late_turns_ = 0;
  wait_until_ = Time::min();
}

bool DrainTimeout::is_over(Time now, bool found_nothing) noexcept {
  if (!deadline_ || now < *deadline_) return false;
  if (late_turns_++ == 0) {
    // This turn began before the deadline.
    wait_until_ = now + std::min(now - *deadline_, kMaxLateWait);
    return false;
  }
  return now >= wait_until_ && (found_nothing || late_turns_ > kMaxLateTurns);
}

std::optional<Time> DrainTimeout::next_deadline() const noexcept {
  return deadline_ ? std::optional(std::max(*deadline_, wait_until_)) : std::nullopt;
}

}  // namespace echo
