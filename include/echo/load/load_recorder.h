#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/load/load_observer.h"
#include "echo/load/load_results.h"
#include "echo/os/endpoint.h"
#include "echo/os/processor_wait.h"

namespace echo {

// Keeps what a Load finds, and reports it to the observer.
//
// It ignores messages that start before begin() has set the time, or in the warm-up. Until then it
// reports only failures, refusals and the progress.
class LoadRecorder {
 public:
  // How often to report a sample, and the progress. 0: never.
  struct Intervals {
    Duration sample{0};
    Duration progress{0};
  };

  // At a rate a message is late once the next one is scheduled, and this much time has passed.
  static constexpr Duration kLate = std::chrono::milliseconds{1};
  static Duration late_after(Rate rate) noexcept;

  // `observer` must outlive this object. `rate` is that of the load.
  LoadRecorder(LoadObserver& observer, Intervals intervals, Rate rate, Time now);

  // Messages that start at `from` or later are measured. None starts at `end` or later.
  void begin(Time from, Time end) noexcept;

  void record_connection(Duration took) noexcept;
  void record_close() noexcept { --results_.open; }
  void record_failure(Failure kind, const std::string& text);
  void record_reset_after_echo() noexcept { ++results_.resets_after_echo; }
  // Addresses refused a connection that another one has accepted: reported once in the same words.
  void record_refusals(const std::string& refusals, const Endpoint& instead);

  // A message starts. Returns whether it is measured.
  bool record_start(Time start) noexcept;
  // At a rate: its connection has got it.
  void record_send(Time scheduled, Time now) noexcept;

  // How it ends: it is back, or lost, or still waits when the load ends.
  void record_answer(Time start, Time now, std::uint64_t sequence, std::size_t size,
                     const Endpoint& server);
  void record_loss(Time start, Time now, std::uint64_t sequence, const std::string& reason);
  void record_waiting(Time start) noexcept;

  // At the end: what was not done, and why.
  void record_unsent(std::uint64_t messages) noexcept { results_.unsent += messages; }
  void record_not_open(std::uint64_t connections) noexcept { results_.not_open = connections; }
  void record_away(Duration time) noexcept { results_.away = time; }
  void record_deadline() noexcept { results_.is_past_deadline = true; }

  // Reports what the time has come for, and when to call it next; Time::max(): never.
  void report(Time now);
  Time next_time() const noexcept;

  // What was found so far.
  const LoadResults& results(Time now) noexcept;

  // It is over. `is_time_up` if it was begin()'s `end` that ended it. Reports the last sample.
  const LoadResults& finish(Time now, bool interrupted, bool is_time_up);

 private:
  bool is_measured(Time start) const noexcept { return start >= from_; }
  bool is_warm() const noexcept { return results_.phase == LoadResults::Phase::kMeasuring; }
  bool takes_samples() const noexcept { return intervals_.sample > Duration{0}; }
  void plan_sample(Time after) noexcept;
  void report_sample(Time end);
  Duration measured_until(Time time) const noexcept;

  LoadObserver& observer_;
  const Intervals intervals_;
  const Duration late_after_;
  LoadResults results_;
  Sample sample_;
  Time from_ = Time::max();
  Time end_ = Time::max();
  Time last_outcome_;  // When a message came back, or was lost.
  Time oldest_waiting_ = Time::max();
  Time next_sample_ = Time::max();
  Time next_progress_ = Time::max();
  Duration cpu_before_{0};                      // The process's time until the warm-up was over,
  std::optional<ProcessorWait> waited_before_;  // and its waits for a processor.
};

}  // namespace echo
