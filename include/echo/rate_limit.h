#pragma once

#include <cstdint>
#include <optional>

#include "echo/units.h"

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
    if (last_told_ && now - *last_told_ < interval_) return std::nullopt;
    last_told_ = now;
    const std::uint64_t events = events_;
    events_ = 0;
    return events;
  }

 private:
  Duration interval_;
  std::optional<Time> last_told_;
  std::uint64_t events_ = 0;
};

}  // namespace echo
