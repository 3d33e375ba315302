#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "echo/base/time.h"
#include "echo/client/client_loop.h"
#include "echo/client/server_addresses.h"
#include "echo/load/load_observer.h"
#include "echo/load/load_recorder.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/load/slot.h"
#include "echo/load/workload.h"

namespace echo {

// A load on an echo server, and what comes of it: many connections send messages, each byte that
// comes back is checked, and it is measured how long that took.
//
// In a closed loop a connection sends its next message once an answer is there, and the time counts
// from then. At a rate messages are scheduled at fixed times, the connections taking turns, and the
// time counts from there: a message that the server, or the client, could not take in time has
// waited anyway.
//
// Every scheduled message is sent, however late, or is lost: with its connection, or because there
// is none. In a churn each message has a connection of its own, and is lost alone.
class Load : public ClientLoop {
 public:
  // The server is at one of the addresses. `observer` must outlive this object. A turn does
  // not wait while `interrupt`, a descriptor of the caller, is readable. `clock` returns the time.
  Load(const LoadSettings& settings, ServerAddresses addresses, LoadObserver& observer,
       LoadRecorder::Intervals intervals, int interrupt = -1,
       std::function<Time()> clock = Clock::now);

  // What was found so far.
  const LoadResults& results() { return recorder_.results(read_clock()); }

  // After the last turn, whether the load is over or must end before: reports the last sample, and
  // returns the final results.
  const LoadResults& finish(bool interrupted);

 private:
  std::optional<Time> prepare() override;
  void handle_connected(std::size_t index, Duration took) override;
  bool more_to_send(std::size_t index) override;
  void add_to_script(std::size_t index) override;
  void handle_echo(std::size_t index) override;
  void handle_over(std::size_t index) override;

  void begin();
  void settle_slot(Slot& slot);
  void schedule_attempt(Slot& slot, Time when, Slot::State state);
  void start_attempts();
  Time time_of_next_attempt(const Slot& slot, bool was_refused) const;
  void give_turns();
  Time next_turn() const noexcept;
  void dismiss_idle();
  Time next_event() const noexcept;

  bool has_room(const Slot& slot) const;
  bool is_exhausted(const Slot& slot) const;
  void lose_messages(Slot& slot);
  void lose_scheduled(Slot& slot, Time until);
  void stop_sending(Slot& slot, Slot::State state);
  std::uint64_t count_not_open();

  const LoadSettings settings_;
  LoadRecorder recorder_;
  Workload workload_;
  Slots slots_;
  std::multimap<Time, std::size_t> attempts_;  // When a slot's next connection starts.
  std::uint64_t numbers_ = 0;                  // How many connections there have been.
  bool look_up_ = false;                       // The addresses may be others by now.
  bool has_ended_ = false;                     // No message starts any more.
  bool is_time_up_ = false;                    // That is what ended the load.
  bool idle_dismissed_ = false;
  Duration away_before_{0};  // For how long the loop had looked away when the load began.
};

}  // namespace echo
