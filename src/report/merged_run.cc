#include "echo/report/merged_run.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "echo/base/escape.h"
#include "echo/load/load_results.h"
#include "echo/report/figures.h"
#include "echo/report/json.h"

namespace echo {
namespace {

// The settings that all runs must share.
LoadSettings shared(LoadSettings settings) {
  settings.connections = settings.idle = 0;
  settings.seed = 0;
  settings.data_file.clear();   // The sizes must be equal, not the paths.
  settings.family = AF_UNSPEC;  // That of the local addresses, which each machine has.
  settings.origin.addresses.clear();
  settings.origin.device.clear();
  if (settings.rate.count > 0) settings.rate.count = 1;
  return settings;
}

void expect_same(const LoadSettings& settings, const LoadSettings& first,
                 const std::string& first_name) {
  const auto shared_here = json_members(shared(settings));
  const auto shared_there = json_members(shared(first));
  const auto [differs, other] =
      std::mismatch(shared_here.begin(), shared_here.end(), shared_there.begin());
  if (differs == shared_here.end()) return;
  const auto index = static_cast<std::size_t>(differs - shared_here.begin());
  throw std::runtime_error("its " + differs->first + " is " + json_members(settings)[index].second +
                           ", but in '" + first_name + "' it is " +
                           json_members(first)[index].second);
}

void add_prefix(std::vector<std::string>& texts, const std::string& prefix) {
  for (std::string& text : texts) text.insert(0, prefix);
}

}  // namespace

void MergedRun::add(const std::string& name, EndedRun run) {
  if (merged_) expect_same(run.settings, first_settings_, identities_.front().name);
  expect_other_run(run);
  LoadResults& results = run.results;
  const std::string printable = escape_unprintable(name);
  identities_.push_back({.seed = run.settings.seed, .begin = results.begin, .name = printable});
  add_prefix(results.earlier->warnings, printable + ": ");
  add_prefix(results.failure_texts, printable + ": ");
  if (results.begin) {
    const auto elapsed = std::chrono::duration_cast<WallTime::duration>(results.elapsed);
    const Period period{.begin = *results.begin, .end = *results.begin + elapsed};
    if (!common_) common_ = period;
    common_->begin = std::max(common_->begin, period.begin);
    common_->end = std::min(common_->end, period.end);
  }
  if (!merged_) {
    first_settings_ = run.settings;
    merged_ = std::move(run);
    return;
  }
  merged_->settings.connections += run.settings.connections;
  merged_->settings.idle += run.settings.idle;
  merged_->settings.rate.count += run.settings.rate.count;
  merged_->results.merge(results);
}

// A user may name a file twice, or keep copies of it.
void MergedRun::expect_other_run(const EndedRun& run) const {
  for (const auto& [seed, begin, name] : identities_) {
    if (begin && begin == run.results.begin && seed == run.settings.seed) {
      throw std::runtime_error("its run is already in '" + name + "'");
    }
  }
}

EndedRun MergedRun::finish() const {
  EndedRun run = *merged_;
  const Duration elapsed = run.results.elapsed;
  if (!run.results.begin || !common_) return run;
  const Duration common = std::max<Duration>(common_->end - common_->begin, Duration{0});
  if (common < elapsed / 10 * 9) {
    run.results.earlier->warnings.push_back(
        "the runs overlap for only " +
        format_percent(static_cast<std::uint64_t>(common.count()),
                       static_cast<std::uint64_t>(elapsed.count())) +
        " of the elapsed time");
  }
  return run;
}

}  // namespace echo
