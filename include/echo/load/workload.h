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

// The messages of a load: which one each busy slot sends next, and what becomes of it.
class Workload {
 public:
  // `settings` and `recorder` must outlive this object.
  Workload(const LoadSettings& settings, LoadRecorder& recorder, Time now);

  // Messages start from now on, and none at end() or later.
  void begin(Time now);
  bool has_begun() const noexcept { return has_begun_; }
  Time end() const noexcept { return end_; }

  // At a rate the slots take turns, but in a churn: when the next turn is, and which slot has it.
  bool has_rate() const noexcept { return settings_.rate.count > 0; }
  Time next_turn() const noexcept;
  std::size_t take_turn() noexcept { return next_turn_++ % settings_.connections; }
  void skip_turn(Slot& slot) const noexcept { slot.next += settings_.connections; }

  // When the slot's next message starts, and whether none does: because its time is up, or because
  // it has sent as many as it should.
  Time next_start(const Slot& slot, Time now) const noexcept;
  bool is_time_up(const Slot& slot, Time now) const noexcept;
  bool is_exhausted(const Slot& slot, Time now) const noexcept;

  // For a new connection of the slot.
  void begin_conversation(Slot& slot, std::uint64_t number) const;
  // Adds the slot's next message to its conversation. False if none has started by `now`.
  bool send_next(Slot& slot, Time now, Time handed);
  void take_answers(Slot& slot, std::uint64_t received, Time now, const Endpoint& server);

  // The slot's connection failed: its messages in flight are lost, and those scheduled to `until`.
  void lose_in_flight(const Slot& slot, Time now, const std::string& reason);
  void lose_scheduled(Slot& slot, Time until, Time now, const std::string& reason);

  // The load is cut short: records what has no answer yet, and what will never be sent.
  void record_waiting(Slot& slot, Time now);
  void record_unsent(const Slot& slot);

 private:
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
  std::uint64_t next_turn_ = 0;  // The message of the schedule whose turn is next.
  std::uint64_t sequence_ = 0;   // In a closed loop: how many messages have been sent.
};

}  // namespace echo
