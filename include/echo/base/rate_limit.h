#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "echo/base/time.h"

namespace echo {

// Lets an event be told of at most once an interval, and counts those it held back: a flood of the
// same event must not become a flood of log lines.
class RateLimit {
 public:
  explicit RateLimit(Duration interval) noexcept : interval_(interval) {}

  // Notes one event. Returns how many there were since one was last told of, this one included,
  // where it may be told of; nullopt where it is too early.
  std::optional<std::uint64_t> note(Time now) noexcept {
    ++events_;
    return take(now);
  }

  // When those that were held back may be told of; nullopt where none were.
  std::optional<Time> due() const noexcept {
    return events_ > 0 ? std::optional(next_) : std::nullopt;
  }

  // How many were held back, where they may be told of now.
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
  Time next_ = Time::min();  // From when on one may be told of.
  std::uint64_t events_ = 0;
};

}  // namespace echo
