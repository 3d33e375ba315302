#pragma once

#include <string>
#include <string_view>

#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/report/figures.h"

namespace echo {

// What a load has found, for programs: one object of JSON (RFC 8259), with "\n" at its end.
//
// Times are integers, of nanoseconds. A figure is null if nothing was measured, and so is a setting
// that sets no limit. A latency has its histogram: [from_ns, to_ns, count] for each range of
// values, both ends included, in which there are any. All of it is ASCII: other
// bytes of a host's name or a server's text are escaped. Members may be added within a version;
// none changes its meaning or goes.
class JsonReport {
 public:
  // A sample, and when it ended. Keeps some 400 bytes of it.
  void add(const Sample& sample, WallTime ended);

  // The whole of it. `has_samples`: the user has asked for samples, and there may be none.
  std::string format(const LoadSettings& settings, const LoadResults& results,
                     bool has_samples) const;

 private:
  std::string samples_;
};

// In place of a report: why there is none.
std::string format_json_error(std::string_view reason);

}  // namespace echo
