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

// The file with a picture of a load over time. The constructor opens the file, so that an error is
// reported before the load starts.
class Picture {
 public:
  // If the file is a FIFO, waits for a reader until an interrupt or the deadline; without a reader
  // draw() does nothing. Throws UsageError if the path refers to standard output, and
  // std::system_error if the file cannot be opened.
  Picture(const std::string& path, Interrupts& interrupts, Time deadline);

  void add(const Sample& sample) { timeline_.add(sample); }

  // Writes the picture. Throws std::system_error if the file cannot be written.
  void draw(const LoadSettings& settings, const OutputWait& wait) const;

 private:
  [[noreturn]] void fail(int error) const;

  const std::string path_;
  UniqueFd fd_;
  Timeline timeline_;
};

}  // namespace echo
