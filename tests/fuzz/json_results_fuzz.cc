// Arbitrary bytes as the results of a run: they are refused with a reason, or they can be merged
// and printed.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "echo/base/json_value.h"
#include "echo/report/json.h"
#include "echo/report/json_results.h"
#include "echo/report/merged_run.h"
#include "echo/report/plot.h"
#include "echo/report/table.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

namespace echo {
namespace {

using fuzz::require;

std::optional<EndedRun> restore(std::string_view text) {
  try {
    return parse_json_results(text);
  } catch (const std::runtime_error& error) {
    require(!std::string_view(error.what()).empty(), "each refusal has a reason");
    return std::nullopt;
  }
}

void check_print(const EndedRun& run) {
  require(!format_report(run.settings, run.results).empty(), "each run has a table");
  plot_latency(run.results.latency, Charset::kAscii);
  const std::string text = JsonReport{}.format(run.settings, run.results, {}, false);
  require(JsonValue::parse(text).find("format") != nullptr, "each run is an object");
}

void check(std::string_view text) {
  const std::optional<EndedRun> run = restore(text);
  if (!run) return;
  check_print(*run);
  MergedRun merged;
  merged.add("one", *run);
  EndedRun other = *run;
  other.settings.seed ^= 1U;  // The same run would be refused.
  merged.add("other", other);
  const EndedRun both = merged.finish();
  check_print(both);
  require(both.results.sent == 2 * run->results.sent, "messages add up");
  require(both.results.latency.count() == 2 * run->results.latency.count(), "latencies add up");
  require(both.results.elapsed == run->results.elapsed, "runs at the same time last no longer");
  require(both.results.is_exact() == run->results.is_exact(), "both runs are as exact as one");
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::check(echo::fuzz::Input(data, size).rest());
  return 0;
}
