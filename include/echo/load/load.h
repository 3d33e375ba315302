#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <tuple>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/client_connection.h"
#include "echo/client/client_loop.h"
#include "echo/client/server_addresses.h"
#include "echo/load/conversation.h"
#include "echo/load/load_observer.h"
#include "echo/load/load_recorder.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/load/pattern.h"
#include "echo/load/schedule.h"

namespace echo {

// A load on an echo server, and what comes of it: many connections say messages, each byte that
// comes back is checked, and it is measured how long that took.
//
// In a closed loop a connection says its next message once an answer is there, and the time counts
// from then. At a rate messages are due at fixed times, the connections taking turns, and the time
// counts from when one was due: one that the server, or the client, could not take in time has
// waited all the same.
//
// Every message that falls due is said, however late, or is lost: with its connection, or because
// there is none. In a churn each message is a connection of its own, and is lost alone.
class Load : public ClientLoop {
 public:
  // The server is at one of the addresses. `observer` must outlive this object. A turn does
  // not wait while `interrupt`, a descriptor of the caller, is readable. `clock` tells the time.
  Load(const LoadSettings& settings, ServerAddresses addresses, LoadObserver& observer,
       LoadRecorder::Intervals intervals, int interrupt = -1,
       std::function<Time()> clock = Clock::now);

  // What was found so far.
  const LoadResults& results() { return recorder_.results(read_clock()); }

  // After the last turn, be it that the load is over or that it is to end before: the last sample
  // is told of, and these are the results.
  const LoadResults& finish(bool interrupted);

 private:
  // A place for one connection after the other.
  struct Slot {
    Slot(std::size_t place, bool idle) : index(place), is_idle(idle), next(place) {}

    const std::size_t index;    // Of its connection in the loop.
    const bool is_idle;         // It says nothing at all.
    std::uint64_t next;         // The message of the schedule that is its next.
    std::uint64_t said = 0;     // Measured messages, lost ones too.
    std::uint64_t number = 0;   // Its connection's: the load's first is 1.
    bool is_silent = false;     // It has nothing more to say.
    bool is_full = false;       // It has more to say, and no room for it.
    bool takes_part = false;    // It has been open, or has failed to be.
    bool was_open = false;      // Its connection has been.
    bool has_given_up = false;  // Its connection failed, and none follows.
    bool got_answer = false;    // Its connection has had one,
    int in_vain = 0;            // and so many before it, one after the other, had none.
    bool pauses = false;        // Before the next one.
    std::optional<Conversation> conversation;
  };

  // When a slot's next connection is to be made.
  struct Opening {
    Time when;
    std::uint64_t order = 0;  // Of those of one time the first is the one that came first.
    Slot* slot = nullptr;

    bool operator>(const Opening& other) const noexcept {
      return std::tie(when, order) > std::tie(other.when, other.order);
    }
  };

  std::optional<Time> prepare() override;
  void handle_connected(std::size_t index, Duration took) override;
  bool more_to_send(std::size_t index) override;
  void add_to_script(std::size_t index) override;
  void handle_echo(std::size_t index) override;
  void handle_over(std::size_t index) override;

  void begin();
  void note_not_open();
  void note_waiting(Slot& slot);
  void open_at(Time when, Slot& slot);
  void open_due();
  void open_slot(Slot& slot, Time scheduled);
  void take_part(Slot& slot);
  void end_all();
  void dismiss_idle();

  void say_due();
  bool wants_to_say(const Slot& slot) const;
  bool takes_messages(const Slot& slot) const;
  bool has_room(const Slot& slot) const;
  bool say_next(Slot& slot, Time now);
  void say(Slot& slot, std::uint64_t sequence, Time start);
  std::optional<Time> take_due(Slot& slot, Time now);
  std::uint64_t sequence_of_last_due(const Slot& slot) const noexcept;
  void lose_what_is_due(Slot& slot, Time until);
  bool is_exhausted(const Slot& slot) const;
  bool is_count_reached(const Slot& slot) const noexcept;
  Time next_start(const Slot& slot) const noexcept;

  Time time_of_next_attempt(const Slot& slot) const;
  void note_failure(Slot& slot);
  void fall_silent(Slot& slot);
  void retire_if_dead(Slot& slot);
  void retire(Slot& slot);

  bool is_open(const Slot& slot) const {
    return connection(slot.index).state() == ClientConnection::State::kOpen;
  }
  bool is_live(const Slot& slot) const { return ClientLoop::is_live(slot.index); }
  bool has_rate() const noexcept { return settings_.rate.count > 0; }
  Time time_of_next_due() const noexcept;
  Time next_event() const noexcept;

  const LoadSettings settings_;
  const Pattern pattern_;
  LoadRecorder recorder_;

  std::deque<Slot> slots_;  // The busy ones, then the idle ones. None is ever moved.
  std::priority_queue<Opening, std::vector<Opening>, std::greater<>> openings_;
  std::uint64_t ordered_ = 0;  // How many openings there have been.

  std::uint64_t numbers_ = 0;     // How many connections there have been.
  std::size_t to_take_part_ = 0;  // How many slots the beginning waits for.
  std::size_t silent_ = 0;        // How many of the busy slots are,
  std::size_t full_ = 0;          // and how many are full.
  std::size_t busy_over_ = 0;
  std::size_t over_ = 0;
  bool idle_dismissed_ = false;
  bool look_up_ = false;  // The addresses may be others by now.
  bool is_past_deadline_ = false;

  bool begun_ = false;
  Time end_ = Time::max();   // Of beginning messages.
  bool has_ended_ = false;   // That has passed.
  Duration away_before_{0};  // For how long it had looked away when it began.
  bool is_time_up_ = false;  // It is that which has ended the load.
  Schedule schedule_;
  std::uint64_t next_due_ = 0;  // The first message of the schedule that nobody has been asked for.
  std::uint64_t sequence_ = 0;  // In a closed loop: how many messages have been said.
};

}  // namespace echo
