#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/load/load_settings.h"
#include "echo/report/json_results.h"

namespace echo {

// The runs of several processes as one run. Connections and rates add up.
class MergedRun {
 public:
  // Adds a run. Its `name`, such as that of its file, precedes its warnings and failures. Throws
  // std::runtime_error with the reason if it is the same run as another one, or if a setting
  // differs from the first run and does not add up.
  void add(const std::string& name, EndedRun run);

  // Returns the merged run, with the first seed. Adds a warning if the runs did not run at the same
  // time for at least nine tenths of the elapsed time. At least one run must have been added, and
  // at most EndedRun::kMaxMerged.
  EndedRun finish() const;

 private:
  struct Period {
    WallTime begin;
    WallTime end;
  };

  // What two runs do not share.
  struct Identity {
    std::uint64_t seed;
    std::optional<WallTime> begin;
    std::string name;
  };
  void expect_other_run(const EndedRun& run) const;

  LoadSettings first_settings_;
  std::vector<Identity> identities_;  // One for each run.
  std::optional<EndedRun> merged_;
  std::optional<Period> common_;  // The period in which all runs measured.
};

}  // namespace echo
