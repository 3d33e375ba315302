#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/load/histogram.h"
#include "echo/os/processor_wait.h"

namespace echo {

// What a Load has found so far. The figures of messages are about those that started after the
// warm-up: when they were sent or, at a rate, scheduled.
struct LoadResults {
  // What it waits for.
  enum class Phase { kConnecting, kWarmup, kMeasuring };
  Phase phase = Phase::kConnecting;

  Duration elapsed{0};  // From the end of the warm-up to the last message, or the end of the time.

  std::uint64_t opened = 0;     // Connections made, the idle ones and repeated ones too.
  std::uint64_t open = 0;       // Of those, how many are open now,
  std::uint64_t most_open = 0;  // and the most that ever were.
  std::uint64_t not_open = 0;   // At the end: those that it still waited for.
  Histogram connect;            // From connect(2) to select() reporting it made.

  std::uint64_t sent = 0;        // Messages started.
  std::uint64_t received = 0;    // Those of them that are back, exact.
  std::uint64_t lost = 0;        // Those that never will be: their connection failed, or was down.
  std::uint64_t bytes = 0;       // In the messages received.
  std::uint64_t unsent = 0;      // Of those that a count asks for: not even started.
  Duration oldest_in_flight{0};  // If it was cut short: how long that one has waited.

  Histogram latency;            // From the start of a message until it was back.
  Histogram lateness;           // At a rate: from the start until its connection took it.
  std::uint64_t sent_late = 0;  // Those that it took after LoadRecorder::late_after().

  std::array<std::uint64_t, kFailures> failures{};  // Connections that failed, by Failure.
  std::vector<std::string> failure_texts;           // Of the first of them.
  std::uint64_t resets_after_echo = 0;              // After which all of the echo was there.
  std::vector<std::string> refusals;  // Of addresses, when another one accepted: the first.

  Duration cpu{0};                      // Processor time that this client used after the warm-up,
  Duration ran{0};                      // the time from there until the last connection was closed,
  std::optional<ProcessorWait> waited;  // and how long it waited for a processor, if known.
  Duration away{0};          // How long it did not look at its sockets: it was stopped, or waited.
  bool interrupted = false;  // By a signal, before its end,
  bool is_past_deadline = false;  // or by its deadline.

  std::uint64_t in_flight() const noexcept { return sent - received - lost; }
  std::uint64_t failed() const noexcept {
    return std::accumulate(failures.begin(), failures.end(), std::uint64_t{0});
  }
  bool has_no_answer() const noexcept { return received == 0 && in_flight() > 0; }
  bool is_exact() const noexcept {
    return failed() == 0 && lost == 0 && not_open == 0 && !is_past_deadline && !has_no_answer();
  }
};

// What a Load has found within an interval.
struct Sample {
  Duration begin{0};  // Since the end of the warm-up, as LoadResults::elapsed.
  Duration end{0};
  Time ended;                   // When that was.
  std::uint64_t received = 0;   // Messages, exact.
  std::uint64_t bytes = 0;      // In them.
  std::uint64_t due = 0;        // Messages started.
  std::uint64_t sent_late = 0;  // Of those.
  std::uint64_t lost = 0;       // Messages.
  std::uint64_t failed = 0;     // Connections.
  std::uint64_t open = 0;       // Connections, the most at once.
  Histogram latency;            // Of the messages received.
};

}  // namespace echo
