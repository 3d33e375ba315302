#include "echo/load/schedule.h"

#include <algorithm>
#include <cmath>

#include "echo/load/hash.h"

namespace echo {

Schedule Schedule::poisson(Rate rate, std::size_t slots, Time start, std::uint64_t seed) {
  Schedule schedule(rate, slots, start);
  schedule.seed_ = seed;
  for (std::uint64_t index = 0; index < slots; ++index) {
    schedule.turns_.emplace(schedule.time_of(index, start), index);
  }
  return schedule;
}

// The distances of a Poisson process have an exponential distribution (inverse transform sampling).
Time Schedule::time_of(std::uint64_t index, Time previous) const noexcept {
  if (!seed_) return even_time_of(index);
  const double mean = static_cast<double>(rate_.period.count()) / static_cast<double>(rate_.count) *
                      static_cast<double>(slots_);
  // Greater than 0 and at most 1, in steps that a double can have.
  const double uniform = std::ldexp(static_cast<double>((hash(*seed_, index) >> 11U) + 1), -53);
  const double distance =
      std::min(-std::log(uniform) * mean, static_cast<double>(kMaxDuration.count()));
  return (index < slots_ ? start_ : previous) + Duration{std::llround(distance)};
}

Time Schedule::next_turn() const noexcept {
  return seed_ ? turns_.top().first : even_time_of(next_turn_);
}

std::size_t Schedule::take_turn() {
  if (!seed_) return static_cast<std::size_t>(next_turn_++ % slots_);
  const auto [time, index] = turns_.top();
  turns_.pop();
  turns_.emplace(time_of(index + slots_, time), index + slots_);
  return static_cast<std::size_t>(index % slots_);
}

Time Schedule::even_time_of(std::uint64_t index) const noexcept {
  const auto count = static_cast<Duration::rep>(rate_.count);
  const auto periods = static_cast<Duration::rep>(index / rate_.count);
  const auto rest = static_cast<Duration::rep>(index % rate_.count);
  // rest * period / count, without the intermediate product, which may overflow.
  return start_ + periods * rate_.period + rest * (rate_.period / count) +
         rest * (rate_.period % count) / count;
}

}  // namespace echo
