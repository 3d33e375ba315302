#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "echo/base/time.h"

namespace echo {

// Lets an event be logged once an interval at most, and counts those that it holds back: a flood of
// the same event must not become a flood of log lines.
class RateLimit {
 public:
  explicit RateLimit(Duration interval) noexcept : interval_(interval) {}

  // Counts one event. Returns how many there were since the last that could be logged, this one
  // included; nullopt if it is too early to log it.
  std::optional<std::uint64_t> note(Time now) noexcept {
    ++events_;
    return take(now);
  }

  // When those that were held back may be logged; nullopt if there are none.
  std::optional<Time> due() const noexcept {
    return events_ > 0 ? std::optional(next_) : std::nullopt;
  }

  // How many were held back; nullopt if there are none, or it is too early to log them.
  std::optional<std::uint64_t> take(Time now) noexcept {
    if (now < next_) return std::nullopt;
    const auto events = take_rest();
    if (events) next_ = now + interval_;
    return events;
  }

  // The same at the end, when there is no later.
  std::optional<std::uint64_t> take_rest() noexcept {
    return events_ > 0 ? std::optional(std::exchange(events_, 0)) : std::nullopt;
  }

 private:
  Duration interval_;
  Time next_ = Time::min();  // None is logged before.
  std::uint64_t events_ = 0;
};

}  // namespace echo
