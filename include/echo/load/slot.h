#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "echo/load/conversation.h"

namespace echo {

// A series of a load's connections: when one is over, the next one may follow.
struct Slot {
  enum class State {
    kNew,         // Its first connection waits for the load to begin.
    kStarting,    // Its first connection is scheduled, or on its way.
    kConnecting,  // A later one is.
    kGivenUp,     // None follows one that failed, and its scheduled messages are lost.
    kOpen,        // Its connection is open.
    kFull,        // It is open, without room for the next message.
    kFinishing,   // It is open, with nothing more to send.
    kDone,        // No other follows.
  };
  static constexpr std::size_t kStates = 8;

  Slot(std::size_t own_index, bool idle) : index(own_index), is_idle(idle), next(own_index) {}

  const std::size_t index;   // Of its connection in the loop.
  const bool is_idle;        // It sends nothing at all.
  std::uint64_t next;        // The message of the schedule that is its next.
  std::uint64_t sent = 0;    // Measured messages, lost ones too.
  std::uint64_t number = 0;  // Its connection's: the load's first is 1.
  int in_vain = 0;           // Connections in a row, before that one, that failed unanswered.
  std::optional<Conversation> conversation;  // Its connection's, once there was one.

  State state() const noexcept { return state_; }
  // Its first connection is open, or over.
  bool has_started() const noexcept { return state_ > State::kStarting; }
  bool is_open() const noexcept { return state_ >= State::kOpen && state_ <= State::kFinishing; }
  bool is_silent() const noexcept { return state_ >= State::kFinishing; }

 private:
  friend class Slots;
  State state_ = State::kNew;
};

// The slots of a load, the busy ones first, and how many of them are in each state.
class Slots {
 public:
  Slots(std::size_t busy, std::size_t idle) {
    for (std::size_t index = 0; index < busy + idle; ++index) {
      ++count(slots_.emplace_back(index, index >= busy));
    }
  }

  // Nothing else changes a state.
  void set(Slot& slot, Slot::State state) noexcept {
    --count(slot);
    slot.state_ = state;
    ++count(slot);
  }

  std::size_t busy(Slot::State state) const { return counts_[0][to_index(state)]; }
  std::size_t all(Slot::State state) const { return busy(state) + counts_[1][to_index(state)]; }

  Slot& operator[](std::size_t index) { return slots_[index]; }
  auto begin() noexcept { return slots_.begin(); }
  auto end() noexcept { return slots_.end(); }
  std::size_t size() const noexcept { return slots_.size(); }

 private:
  static std::size_t to_index(Slot::State state) { return static_cast<std::size_t>(state); }
  std::size_t& count(const Slot& slot) {
    return counts_[slot.is_idle ? 1 : 0][to_index(slot.state_)];
  }

  std::deque<Slot> slots_;                                          // None is ever moved.
  std::array<std::array<std::size_t, Slot::kStates>, 2> counts_{};  // Of the busy, of the idle.
};

}  // namespace echo
