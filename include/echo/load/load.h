#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

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

// Puts a load on an echo server and measures it: many connections send messages, check each byte of
// the echo, and measure the latency.
//
// In a closed loop a connection sends its next message when an answer has arrived; the latency
// counts from that time. With a rate, messages are scheduled for the connections in turn, and the
// latency counts from the scheduled time. It thus includes the delay of a message that the client
// or the server could not take in time.
//
// Every scheduled message is either sent, no matter how late, or lost because its connection failed
// or is down. With LoadSettings::no_catch_up it is skipped instead of being sent late. In a churn
// each message has its own connection, so a failure usually loses only one message.
class Load : public ClientLoop {
 public:
  // `observer` must outlive this object. `interrupt` is a descriptor of the caller, or -1; turn()
  // does not wait while it is readable. `clock` returns the current time.
  Load(const LoadSettings& settings, ServerAddresses addresses, LoadObserver& observer,
       LoadRecorder::Intervals intervals, int interrupt = -1,
       std::function<Time()> clock = Clock::now);

  // The results so far.
  const LoadResults& results() { return recorder_.results(read_clock()); }

  // Call this after the last turn. Reports the last sample and returns the final results.
  // `interrupted` is true if a signal ends the load early.
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
  std::string reason_of_loss(const Slot& slot) const;
  void stop_sending(Slot& slot, Slot::State state);
  void read_path(Slot& slot, bool is_last);
  void read_paths();
  std::uint64_t count_not_open();

  const LoadSettings settings_;
  LoadRecorder recorder_;
  Workload workload_;
  Slots slots_;
  std::multimap<Time, std::size_t> attempts_;  // Slot indices by start of their next connection.
  std::uint64_t numbers_ = 0;                  // Connections started so far.
  bool look_up_ = false;                       // The addresses may have changed.
  bool has_ended_ = false;                     // The time for new messages is over.
  bool is_time_up_ = false;                    // A slot stopped because of that time.
  bool idle_dismissed_ = false;
  const bool reads_paths_in_samples_;
  Duration away_before_{0};  // The value of away() when the load began.
};

}  // namespace echo
