#include "echo/report/warnings.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/report/figures.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

// A shorter run is mostly start-up, so its CPU time means nothing.
constexpr Duration kLeastRun = 10ms;

std::string percent(Duration part, Duration whole) {
  return format_percent(static_cast<std::uint64_t>(part.count()),
                        static_cast<std::uint64_t>(whole.count()));
}

// If the client and the server share a processor and take turns message by message, each waits some
// microseconds per turn. Such waits do not mean that the client is short of processor time.
bool is_starved(const LoadResults& results) {
  constexpr Duration kOrdinaryWait = 10us;
  constexpr Duration kLeast = 1ms;  // A normal wait, even in a very short load.
  if (!results.waited) return false;
  const auto& [time, turns] = *results.waited;
  return time - static_cast<Duration::rep>(turns) * kOrdinaryWait >
         std::max(results.ran / 10, kLeast);
}

}  // namespace

std::vector<std::string> warnings_of(const LoadResults& results) {
  if (results.earlier) return results.earlier->warnings;
  std::vector<std::string> warnings;
  if (results.latency.count() > 0 && results.ran >= kLeastRun &&
      results.cpu >= results.ran / 10 * 9) {
    warnings.emplace_back("this client, not the server, may be the bottleneck");
  }
  if (is_starved(results)) {
    warnings.push_back("this client waited for a core " +
                       percent(results.waited->time, results.ran) + " of the time");
  }
  const std::uint64_t late = results.sent_late + results.skipped;
  const std::uint64_t scheduled = results.lateness.count() + results.skipped;
  if (late > scheduled / 100) {
    warnings.push_back("the rate was not kept: " + format_percent(late, scheduled) +
                       " of the messages were sent late" +
                       (results.skipped > 0 ? " or skipped" : ""));
  }
  if (results.away > Duration{0}) {
    warnings.push_back("this client did not check its sockets for " + format_latency(results.away));
  }
  return warnings;
}

}  // namespace echo
