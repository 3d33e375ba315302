#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/time.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/os/output.h"

namespace echo {

// How far a load is, in one line of a terminal that it draws again and again:
//
//   42%, 123,456 messages/s, p50 42.1 us, p99 1.07 ms, 0 errors
//
// or what the load waits for, as describe_wait() has it.
//
// The line is never wider than the terminal: it ends before the first part that does not fit. A
// terminal that is gone or stopped misses it.
class Progress {
 public:
  // Whether the descriptor is a terminal that can draw a line again.
  static bool wanted(int fd);

  // The descriptor stays the caller's, who keeps it open while this object lives.
  Progress(int fd, LoadSettings settings);

  // Shows the results so far, and the messages a second since the last call.
  void show(const LoadResults& results);

  // Removes the line if there is one, for others to write.
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
