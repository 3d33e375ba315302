#pragma once

#include <chrono>
#include <optional>

#include "echo/base/time.h"

namespace echo {

// Measures how long a loop has looked away: stopped, suspended, starved of the processor, or
// waiting for the reader of its output. No timeout of the server runs in that time. What passes
// between two turns of the loop is the caller's.
class Attention {
 public:
  explicit Attention(Time now) noexcept : since_(now) {}

  void turn_begins(Time now) noexcept { since_ = now; }
  void turn_ends(Time now) noexcept { add(now - since_); }

  // Around each wait of the loop; `timeout` is what the wait was asked for.
  void wait_begins(Time now, std::optional<Duration> timeout) noexcept {
    add(now - since_);
    since_ = now;
    timeout_ = timeout;
  }
  void wait_ended(Time now) noexcept {
    if (timeout_) add(now - since_ - *timeout_);
    since_ = now;
  }

  // In all. Less than kShort at a time is the work of the loop.
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
