#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "echo/base/time.h"
#include "echo/load/conversation.h"

namespace echo {

// A place for one connection of a load at a time. When a connection is over, another may follow.
struct Slot {
  enum class State {
    kNew,         // The first connection waits for the load to begin.
    kStarting,    // The first connection is scheduled, or being established.
    kConnecting,  // A later connection is scheduled, or being established.
    kGivenUp,     // The connection failed and is not replaced; scheduled messages are lost.
    kOpen,        // The connection is open.
    kFull,        // The connection is open, but has no room for the next message.
    kFinishing,   // The connection is open and has nothing more to send.
    kDone,        // No connection follows.
  };
  static constexpr std::size_t kStates = 8;

  Slot(std::size_t own_index, bool idle) : index(own_index), is_idle(idle), next(own_index) {}

  const std::size_t index;        // The index of its connection in the ClientLoop.
  const bool is_idle;             // It sends no messages.
  std::uint64_t next;             // The index of its next message in the schedule,
  Time scheduled;                 // and the start time of that message.
  std::uint64_t sent = 0;         // Measured messages started, including lost ones.
  std::uint64_t number = 0;       // The number of its connection in the load, from 1.
  int unanswered_failures = 0;    // Consecutive failures without an answer before this connection.
  std::uint64_t retransmits = 0;  // The retransmits of its connection until the last reading.
  std::optional<Conversation> conversation;  // The script of its most recent connection.

  State state() const noexcept { return state_; }
  // True if its first connection is open or over.
  bool has_started() const noexcept { return state_ > State::kStarting; }
  bool is_open() const noexcept { return state_ >= State::kOpen && state_ <= State::kFinishing; }
  bool is_silent() const noexcept { return state_ >= State::kFinishing; }

 private:
  friend class Slots;
  State state_ = State::kNew;
};

// The slots of a load, with the busy slots before the idle ones, and the number of slots in each
// state.
class Slots {
 public:
  Slots(std::size_t busy, std::size_t idle) {
    for (std::size_t index = 0; index < busy + idle; ++index) {
      ++count(slots_.emplace_back(index, index >= busy));
    }
  }

  // Changes the state of the slot. Only this function does so.
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

  std::deque<Slot> slots_;  // A deque never moves its slots.
  std::array<std::array<std::size_t, Slot::kStates>, 2> counts_{};  // Busy slots, idle slots.
};

}  // namespace echo
