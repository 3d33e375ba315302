#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/parse.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/os/log.h"

namespace echo {

// A condition that the results of a load should meet, such as "p99<5ms".
struct Expectation {
  std::string text;  // As the user wrote it.
  enum class Judges { kFigure, kLoss, kErrors };
  Judges judges = Judges::kFigure;  // kLoss, kErrors: it decides what a failure means.
  // Returns nullopt if the condition holds. Otherwise returns the reason: "measured 7.213904 ms" or
  // "nothing was measured". The comparison is exact.
  std::function<std::optional<std::string>(const LoadResults&)> violation;

  bool holds(const LoadResults& results) const { return !violation(results); }
};

using Expectations = std::vector<Expectation>;

// Parses a figure, an operator (<, <=, > or >=) and a limit, with or without spaces between them:
//
// - "min", "mean", "max" or a name in kPercentiles: the latency, as Histogram returns it.
//   "p99<5ms": the unit is required.
// - "loss": the sent messages without an exact echo, lost or in flight. "loss<=0.1%".
// - "rate": the messages received, in the notation of parse_rate(). "rate>=990", "rate>=60/m".
// - "errors": the failed connections. "errors<1".
Parsed<Expectation> parse_expectation(std::string_view text);

// Returns the names of all figures: "min, mean, p50, ...".
std::string expectation_figures();

// Logs an error for each expectation that does not hold.
void log_unmet(const Expectations& expectations, const LoadResults& results, Log& log);

// Returns the exit status of a load that no signal has ended: 1 if it failed; otherwise 3 if an
// expectation does not hold; otherwise 0. If an expectation limits the errors, lost messages and
// failed connections alone are no failure: they are what it judges. The same holds for the loss if
// the load has a rate or a count: only then each message that a failed connection should have sent
// is counted.
int exit_status_of(const LoadSettings& settings, const LoadResults& results,
                   const Expectations& expectations);

}  // namespace echo
