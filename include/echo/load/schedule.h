#pragma once

#include <cstdint>

#include "echo/base/parse.h"
#include "echo/base/time.h"

namespace echo {

// The start times of the messages of a rate: evenly spaced, without accumulated rounding errors,
// and independent of the outcome of earlier messages.
class Schedule {
 public:
  // The first message starts at `start`.
  Schedule(Rate rate, Time start) noexcept : rate_(rate), start_(start) {}

  // Returns the start time of message `index`, counted from 0. The rate's count must be at least 1
  // and at most Rate::kMaxCount.
  Time time_of(std::uint64_t index) const noexcept {
    const auto count = static_cast<Duration::rep>(rate_.count);
    const auto periods = static_cast<Duration::rep>(index / rate_.count);
    const auto rest = static_cast<Duration::rep>(index % rate_.count);
    // rest * period / count, without the intermediate product, which may overflow.
    return start_ + periods * rate_.period + rest * (rate_.period / count) +
           rest * (rate_.period % count) / count;
  }

 private:
  Rate rate_;
  Time start_;
};

}  // namespace echo
