#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "echo/base/time.h"
#include "echo/load/load_recorder.h"
#include "echo/load/load_settings.h"
#include "echo/load/pattern.h"
#include "echo/load/schedule.h"
#include "echo/load/slot.h"
#include "echo/os/endpoint.h"

namespace echo {

// The messages of a load: chooses the next message of each busy slot, and records the outcome.
class Workload {
 public:
  // `settings` and `recorder` must outlive this object.
  Workload(const LoadSettings& settings, LoadRecorder& recorder, Time now);

  // Messages start at `now` or later, and before end().
  void begin(Slots& slots, Time now);
  bool has_begun() const noexcept { return has_begun_; }
  Time end() const noexcept { return end_; }

  // With a rate but without a churn, the slots send in turn. next_turn() returns the time of the
  // next turn (Time::max(): none), take_turn() the index of its slot.
  bool has_rate() const noexcept { return settings_.rate.count > 0; }
  Time next_turn() const noexcept;
  std::size_t take_turn() { return schedule_.take_turn(); }
  void skip_turn(Slot& slot) const noexcept { advance(slot); }

  // The start time of the slot's next message. The slot is exhausted if it starts no more messages,
  // because its time is up or it has sent the count.
  Time next_start(const Slot& slot, Time now) const noexcept;
  bool is_time_up(const Slot& slot, Time now) const noexcept;
  bool is_exhausted(const Slot& slot, Time now) const noexcept;

  // With no_catch_up: skips the slot's messages that would be sent late.
  void skip_late(Slot& slot, Time now);

  // Prepares a new connection of the slot. `number` is its number in the load.
  void begin_conversation(Slot& slot, std::uint64_t number) const;
  // Adds the slot's next message to its conversation. Returns false if the slot has no message that
  // starts at `now` or earlier.
  bool send_next(Slot& slot, Time now, Time handed);
  // Records the answers that are complete once `received` bytes of the echo have arrived.
  void take_answers(Slot& slot, std::uint64_t received, Time now, const Endpoint& server);

  // The slot's connection failed: records the loss of its messages in flight, or of the messages
  // scheduled up to `until`.
  void lose_in_flight(const Slot& slot, Time now, const std::string& reason);
  void lose_scheduled(Slot& slot, Time until, Time now, const std::string& reason);

  // The load is cut short: records messages without an answer, and messages that were not sent.
  void record_waiting(Slot& slot, Time now);
  void record_unsent(const Slot& slot);

 private:
  void advance(Slot& slot) const noexcept;
  bool is_scheduled(const Slot& slot, Time until) const noexcept;
  std::optional<Time> take_scheduled(Slot& slot, Time until);
  std::uint64_t sequence_of_taken(const Slot& slot) const noexcept {
    return slot.next - settings_.connections + 1;
  }
  bool is_count_reached(const Slot& slot) const noexcept {
    return settings_.count > 0 && slot.sent >= settings_.count;
  }

  const LoadSettings& settings_;
  LoadRecorder& recorder_;
  const Pattern pattern_;
  Schedule schedule_;
  bool has_begun_ = false;
  Time end_ = Time::max();
  std::uint64_t sequence_ = 0;  // In a closed loop: the number of messages sent.
};

}  // namespace echo
