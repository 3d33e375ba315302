#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/time.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/os/output.h"

namespace echo {

// The progress of a load, in one line of a terminal that is redrawn in place:
//
//   42%, 123,456 messages/s, p50 42.1 us, p99 1.07 ms, 0 errors
//
// Before the load measures, the line shows describe_wait() and the errors.
//
// The line ends before the first part that does not fit the width of the terminal. Writing never
// blocks: if the terminal is stopped or gone, the line is dropped.
class Progress {
 public:
  // True if the descriptor is a terminal that can redraw a line.
  static bool wanted(int fd);

  // The caller owns the descriptor and keeps it open as long as this object lives.
  Progress(int fd, LoadSettings settings);

  // Shows the results so far, with the message rate since the last call.
  void show(const LoadResults& results);

  // Removes the line, so that other text can be written.
  void clear();

 private:
  std::string position(const LoadResults& results) const;
  std::size_t columns() const;
  bool write(const std::string& text) const;

  const Output output_;
  const int fd_;
  const LoadSettings settings_;
  bool is_shown_ = false;
  std::uint64_t last_received_ = 0;
  Duration last_elapsed_{0};
};

}  // namespace echo
