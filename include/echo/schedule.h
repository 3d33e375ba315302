#pragma once

#include <cstdint>

#include "echo/units.h"

namespace echo {

// When messages are due at a rate: evenly, exactly, whatever became of those before.
class Schedule {
 public:
  // The first message is due at `start`. The rate's count is at least 1; count and period times
  // each other are less than 2^63, as they are for any rate a second.
  Schedule(Rate rate, Time start) noexcept : rate_(rate), start_(start) {}

  // When message `index`, counted from 0, is due.
  Time due(std::uint64_t index) const noexcept {
    return start_ + times(index / rate_.count) + times(index % rate_.count) / divisor();
  }

 private:
  Duration times(std::uint64_t count) const noexcept {
    return static_cast<Duration::rep>(count) * rate_.period;
  }
  Duration::rep divisor() const noexcept { return static_cast<Duration::rep>(rate_.count); }

  Rate rate_;
  Time start_;
};

}  // namespace echo
