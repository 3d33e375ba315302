#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/client/failure.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/report/expectation.h"
#include "echo/report/figures.h"

namespace echo {

// The results of a load as one JSON object (RFC 8259), followed by "\n".
//
// Times are integers in nanoseconds. A figure is null if nothing was measured; a limit is null if
// it is not set. Each latency has a histogram: [from_ns, to_ns, count] for each range of values
// that is not empty, both ends inclusive. The text is ASCII; other bytes, for example in a host
// name or in data from a server, are escaped. Within a version, members may be added, but none is
// removed or changes its meaning.
class JsonReport {
 public:
  // Adds a sample that ended at `ended`. Keeps about 400 bytes of text per sample.
  void add(const Sample& sample, WallTime ended);

  // Returns the object. Includes the samples, even if there are none, if `has_samples` is true.
  std::string format(const LoadSettings& settings, const LoadResults& results,
                     const Expectations& expectations, bool has_samples) const;

 private:
  std::string samples_;
};

// The name of a member, and its value as JSON text.
using JsonMember = std::pair<std::string, std::string>;

// Returns the name of the member that counts these failures, such as "closed_early".
std::string json_name(Failure kind);

// Returns the members of `settings` in the object.
std::vector<JsonMember> json_members(const LoadSettings& settings);

// Returns the object that replaces the report if the load fails with an error.
std::string format_json_error(std::string_view reason);

}  // namespace echo
