#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "echo/base/time.h"

namespace echo {

// Lets an event be logged at most once per interval, and counts the suppressed events, so that a
// flood of events does not become a flood of log lines.
class RateLimit {
 public:
  explicit RateLimit(Duration interval) noexcept : interval_(interval) {}

  // Counts one event. Returns the number of events to report, this one included; nullopt if it is
  // too early to log.
  std::optional<std::uint64_t> note(Time now) noexcept {
    ++events_;
    return take(now);
  }

  // When take() will return the suppressed events; nullopt if there are none.
  std::optional<Time> due() const noexcept {
    return events_ > 0 ? std::optional(next_) : std::nullopt;
  }

  // Returns the number of suppressed events; nullopt if there are none, or if it is too early to
  // log.
  std::optional<std::uint64_t> take(Time now) noexcept {
    if (now < next_) return std::nullopt;
    const auto events = take_rest();
    if (events) next_ = now + interval_;
    return events;
  }

  // As take(), but never too early: for the end of the program.
  std::optional<std::uint64_t> take_rest() noexcept {
    return events_ > 0 ? std::optional(std::exchange(events_, 0)) : std::nullopt;
  }

 private:
  Duration interval_;
  Time next_ = Time::min();  // Nothing is logged before.
  std::uint64_t events_ = 0;
};

}  // namespace echo
