#pragma once

#include <cstdint>
#include <string_view>

#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"

namespace echo {

// The settings and the results of a run that has ended.
struct EndedRun {
  // No figure is so large that the sum of kMaxMerged runs would overflow.
  static constexpr std::uint64_t kMaxMerged = 1000;

  LoadSettings settings;
  LoadResults results;  // With `earlier`, without `away`.
};

// Restores a run from the object that JsonReport::format() returned, in this version of the format.
// Ignores unknown members and derived ones, such as percentiles. All texts are printable. Throws
// std::runtime_error with the reason if the text is another one, if figures contradict each other,
// or if the object has an error instead of results.
EndedRun parse_json_results(std::string_view text);

}  // namespace echo
