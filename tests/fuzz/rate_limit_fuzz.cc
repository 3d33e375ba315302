// Passes events at arbitrary times to a RateLimit and compares the counts.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "echo/base/rate_limit.h"
#include "echo/base/time.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

namespace echo {
namespace {

using fuzz::require;

void check_rate_limit(fuzz::Input input) {
  const Duration interval = std::chrono::milliseconds{input.number(1000)};
  RateLimit limit(interval);
  Time now{};
  std::optional<Time> last_report;
  std::uint64_t events = 0;
  std::uint64_t reported = 0;
  while (!input.empty()) {
    now += std::chrono::milliseconds{input.number(2000)};
    ++events;
    const auto count = limit.note(now);
    require(count.has_value() == (!last_report || now >= *last_report + interval),
            "events are reported once per interval");
    if (!count) continue;
    last_report = now;
    reported += *count;
    require(reported == events, "every event is counted exactly once");
  }
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::check_rate_limit(echo::fuzz::Input(data, size));
  return 0;
}
