#pragma once

#include <string>

#include "echo/base/time.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/os/output.h"
#include "echo/os/unique_fd.h"
#include "echo/report/interrupts.h"
#include "echo/report/timeline.h"

namespace echo {

// The file with a picture of a load over time. It is opened before the load, so that no run is in
// vain because it cannot be written.
class Picture {
 public:
  // Waits for the reader of a FIFO until an interrupt or the deadline: there is no picture then.
  // Throws UsageError if the path leads to standard output, and std::system_error if the file
  // cannot be opened.
  Picture(const std::string& path, Interrupts& interrupts, Time deadline);

  void add(const Sample& sample) { timeline_.add(sample); }

  // Throws std::system_error if the file cannot be written.
  void draw(const LoadSettings& settings, const OutputWait& wait) const;

 private:
  [[noreturn]] void fail(int error) const;

  const std::string path_;
  UniqueFd fd_;
  Timeline timeline_;
};

}  // namespace echo
