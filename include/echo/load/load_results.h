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
#include "echo/os/platform.h"

namespace echo {

// What TCP reported of the paths of connections: one reading for each, or several.
struct PathResults {
  std::uint64_t retransmits = 0;  // Segments sent again.
  std::uint64_t readings = 0;     // Readings with a round-trip time.
  Duration round_trip_sum{0};     // The smoothed round-trip times.
  Duration round_trip_max{0};
  std::uint64_t window_sum = 0;  // The congestion windows, in segments.
  std::uint64_t window_min = 0;

  // Adds a reading. `retransmits` are those since the previous reading of the connection.
  void add(const PathInfo& path, std::uint64_t new_retransmits) noexcept;
  void merge(const PathResults& other) noexcept;

  // False if the kernel has reported nothing.
  bool is_known() const noexcept { return readings > 0 || retransmits > 0; }
  // Only with a reading.
  Duration mean_round_trip() const noexcept {
    return round_trip_sum / static_cast<Duration::rep>(readings);
  }
  std::uint64_t mean_window() const noexcept { return window_sum / readings; }
};

// The part of the results that belongs to one address of the server.
struct AddressResults {
  std::string address;       // "127.0.0.1:7", "[::1]:7".
  std::uint64_t opened = 0;  // These figures are as in LoadResults.
  std::uint64_t failed = 0;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t lost = 0;
  Histogram latency{};
};

// What only the results of other processes have, which have been printed and read again.
struct EarlierRuns {
  std::uint64_t count = 1;
  std::uint64_t unanswered = 0;         // Runs that sent messages but received no echo.
  std::vector<std::string> warnings{};  // The warnings of each run.
};

// The results of a Load so far. The message figures count only messages that start after the
// warm-up. A message starts when it is sent or, with a rate, at its scheduled time.
struct LoadResults {
  enum class Phase { kConnecting, kWarmup, kMeasuring };
  Phase phase = Phase::kConnecting;

  Duration elapsed{0};  // From the end of the warm-up to the last message or the end of the time.
  std::optional<WallTime> begin;  // The time of day at the end of the warm-up.

  std::uint64_t opened = 0;     // Connections made, including idle and repeated ones.
  std::uint64_t open = 0;       // Connections open now,
  std::uint64_t most_open = 0;  // and the maximum open at the same time.
  std::uint64_t not_open = 0;   // Connections not open in time when the load was cut short.
  Histogram connect;            // Time from connect(2) until select() reported the connection.

  std::uint64_t sent = 0;        // Messages started.
  std::uint64_t received = 0;    // Messages answered exactly.
  std::uint64_t lost = 0;        // Messages whose connection failed or was down.
  std::uint64_t bytes = 0;       // Bytes in the messages received.
  std::uint64_t unsent = 0;      // Messages of a count that were not started.
  std::uint64_t skipped = 0;     // Messages of a rate that could only have been sent late.
  Duration oldest_in_flight{0};  // Age of the oldest unanswered message if the load was cut short.

  Histogram latency;            // Time from the start of a message to its complete echo.
  Histogram lateness;           // With a rate: delay until the connection took the message.
  std::uint64_t sent_late = 0;  // Messages delayed longer than LoadRecorder::late_after().

  std::array<std::uint64_t, kFailures> failures{};  // Failed connections by Failure.
  std::vector<std::string> failure_texts;           // Descriptions of the first failures.
  std::uint64_t resets_after_echo = 0;              // Connections reset after the complete echo.
  std::vector<std::string> refusals;  // The first refusals before another address accepted.

  PathResults path;  // A reading for each busy connection after the warm-up, at its end.
  std::vector<AddressResults> addresses;  // With Target::all_addresses.

  Duration cpu{0};                      // CPU time of this client after the warm-up,
  Duration ran{0};                      // elapsed time from there to the last close,
  std::optional<ProcessorWait> waited;  // and time spent waiting for a processor, if known.
  Duration away{0};                     // Time in which the client did not look at its sockets.
  bool interrupted = false;             // Ended early by a signal,
  bool is_past_deadline = false;        // or by the deadline.

  std::optional<EarlierRuns> earlier;  // Only if these are not the results of this process.

  std::uint64_t in_flight() const noexcept { return sent - received - lost; }
  std::uint64_t failed() const noexcept {
    return std::accumulate(failures.begin(), failures.end(), std::uint64_t{0});
  }
  bool has_no_answer() const noexcept { return received == 0 && in_flight() > 0; }
  // The runs that sent messages but received no echo.
  std::uint64_t runs_without_echo() const noexcept {
    if (earlier) return earlier->unanswered;
    return sent > 0 && received == 0 ? 1 : 0;
  }
  bool is_exact() const noexcept {
    return failed() == 0 && lost == 0 && not_open == 0 && !is_past_deadline && !has_no_answer() &&
           (!earlier || earlier->unanswered == 0);
  }

  // Adds the results of another run, as if both were one run. Figures add up, except: `elapsed`
  // lasts from the first begin to the last end, or as long as the longer run if a begin is unknown;
  // `ran` and `oldest_in_flight` are the longer ones; `waited` is unknown if it is for one of them.
  // Both results must have `earlier`. No sum of two figures may exceed the range of its type.
  void merge(const LoadResults& other);
};

// The results of a Load within an interval.
struct Sample {
  Duration begin{0};  // Since the end of the warm-up, like LoadResults::elapsed.
  Duration end{0};
  Time ended;                   // The clock time that corresponds to `end`.
  std::uint64_t received = 0;   // Messages answered exactly.
  std::uint64_t bytes = 0;      // Bytes in the messages received.
  std::uint64_t due = 0;        // Messages started.
  std::uint64_t sent_late = 0;  // Messages sent late.
  std::uint64_t lost = 0;       // Messages lost.
  std::uint64_t skipped = 0;    // Messages skipped.
  std::uint64_t failed = 0;     // Connections failed.
  std::uint64_t open = 0;       // Maximum of connections open at the same time.
  PathResults path;             // A reading for each busy connection, at the end of the sample.
  Histogram latency;            // Latency of the messages received.
};

}  // namespace echo
