// Events at any times, against the list of all that there were.

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
  std::optional<Time> told;
  std::uint64_t events = 0;
  std::uint64_t told_of = 0;
  while (!input.empty()) {
    now += std::chrono::milliseconds{input.number(2000)};
    ++events;
    const auto count = limit.note(now);
    require(count.has_value() == (!told || now >= *told + interval), "told once an interval");
    if (!count) continue;
    told = now;
    told_of += *count;
    require(told_of == events, "no event is forgotten, or told of twice");
  }
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::check_rate_limit(echo::fuzz::Input(data, size));
  return 0;
}
