#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "echo/base/parse.h"
#include "echo/base/time.h"

namespace echo {

// The start times of the messages of a rate, independent of the outcome of earlier messages. The
// slots of a load send in turn: message `index` belongs to slot `index` modulo the number of slots.
//
// Even: at equal distances, without accumulated rounding errors. Poisson: the messages of each slot
// are a Poisson process, so that all messages together are one too. Only its order of the slots
// differs: it is random.
class Schedule {
 public:
  // Even. The first message starts at `start`. The rate's count must be at least 1 and at most
  // Rate::kMaxCount, and there must be a slot.
  Schedule(Rate rate, std::size_t slots, Time start) noexcept
      : rate_(rate), slots_(slots), start_(start) {}
  // Poisson. The same seed yields the same distances.
  static Schedule poisson(Rate rate, std::size_t slots, Time start, std::uint64_t seed);

  // Returns the start time of message `index`, counted from 0. `previous` is the start time of the
  // previous message of its slot; for the first one, any time.
  Time time_of(std::uint64_t index, Time previous) const noexcept;

  // The slots in the order of their messages: the time of the next turn, and its slot.
  Time next_turn() const noexcept;
  std::size_t take_turn();

 private:
  using Turn = std::pair<Time, std::uint64_t>;  // The time and the index of a message.

  Time even_time_of(std::uint64_t index) const noexcept;

  Rate rate_;
  std::size_t slots_;
  Time start_;
  std::uint64_t next_turn_ = 0;        // Even: the index of the next message.
  std::optional<std::uint64_t> seed_;  // Poisson.
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>>
      turns_;  // The next one of each slot.
};

}  // namespace echo
