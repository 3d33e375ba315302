#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/load/load_observer.h"
#include "echo/load/load_results.h"
#include "echo/os/endpoint.h"
#include "echo/os/platform.h"

namespace echo {

// Collects the results of a Load and reports them to the observer.
//
// Messages that start before the measured period, which begin() sets, are ignored. Until that
// period only failures, refusals and progress are reported.
class LoadRecorder {
 public:
  // The intervals at which to report samples and progress. 0: never.
  struct Intervals {
    Duration sample{0};
    Duration progress{0};
  };

  // With a rate, a message is late if it is delayed for longer than the time between two messages,
  // and longer than kLate.
  static constexpr Duration kLate = std::chrono::milliseconds{1};
  static Duration late_after(Rate rate) noexcept;

  // `observer` must outlive this object. `rate` is the rate of the load.
  LoadRecorder(LoadObserver& observer, Intervals intervals, Rate rate, Time now);

  // Messages are measured if they start at `from` or later. No message starts at `end` or later.
  void begin(Time from, Time end) noexcept;

  // The load measures each of these addresses. A slot has the address at its index, modulo their
  // number.
  void separate(const std::vector<Endpoint>& addresses);

  // In the following functions, `slot` is the index of the slot.
  void record_connection(std::size_t slot, Duration took) noexcept;
  void record_close() noexcept { --results_.open; }
  void record_failure(std::size_t slot, Failure kind, const std::string& text);
  void record_reset_after_echo() noexcept { ++results_.resets_after_echo; }
  // A connection was made to `instead` after `refusals`. The same refusals are reported only once.
  void record_refusals(const std::string& refusals, const Endpoint& instead);

  // A message starts. Returns true if it is measured.
  bool record_start(std::size_t slot, Time start) noexcept;
  // With a rate: a message has been handed to its connection.
  void record_send(Time scheduled, Time now) noexcept;

  // With a rate: a message was skipped instead of being sent late.
  void record_skip(Time scheduled) noexcept;

  // The outcome of a message: answered, lost, or still in flight when the load ends.
  void record_answer(std::size_t slot, Time start, Time now, std::uint64_t sequence,
                     std::size_t size, const Endpoint& server);
  void record_loss(std::size_t slot, Time start, Time now, std::uint64_t sequence,
                   const std::string& reason);
  void record_waiting(Time start) noexcept;

  // True if report() will end the warm-up, or a sample.
  bool is_warmup_over(Time now) const noexcept {
    return results_.phase == LoadResults::Phase::kWarmup && is_measured(now);
  }
  bool is_sample_over(Time now) const noexcept { return now >= next_sample_; }
  // A reading of a connection's path. `new_retransmits` are those since its previous reading. The
  // last reading is at the end of the connection or of the load. Ignored in the warm-up.
  void record_path(const PathInfo& path, std::uint64_t new_retransmits, bool is_last) noexcept;

  // At the end of the load: what was left undone, and the reasons.
  void record_unsent(std::uint64_t messages) noexcept { results_.unsent += messages; }
  void record_not_open(std::uint64_t connections) noexcept { results_.not_open = connections; }
  void record_away(Duration time) noexcept { results_.away = time; }
  void record_deadline() noexcept { results_.is_past_deadline = true; }

  // Reports samples and progress whose time has come. next_time() returns the time of the next
  // call; Time::max() if no report is planned.
  void report(Time now);
  Time next_time() const noexcept;

  // The results so far.
  const LoadResults& results(Time now) noexcept;

  // Ends the recording and reports the last sample. `is_time_up` is true if the load ended at the
  // `end` passed to begin().
  const LoadResults& finish(Time now, bool interrupted, bool is_time_up);

 private:
  bool is_measured(Time start) const noexcept { return start >= from_; }
  bool is_warm() const noexcept { return results_.phase == LoadResults::Phase::kMeasuring; }
  bool takes_samples() const noexcept { return intervals_.sample > Duration{0}; }
  // nullptr unless the addresses are measured separately.
  AddressResults* address_of(std::size_t slot) noexcept {
    std::vector<AddressResults>& parts = results_.addresses;
    return parts.empty() ? nullptr : &parts[slot % parts.size()];
  }
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
  Time last_outcome_;  // When a message was last answered or lost.
  Time oldest_waiting_ = Time::max();
  Time next_sample_ = Time::max();
  Time next_progress_ = Time::max();
  Duration cpu_before_{0};  // CPU time of the process at the end of the warm-up,
  std::optional<ProcessorWait> waited_before_;  // and its waits for a processor until then.
};

}  // namespace echo
