#pragma once

#include <optional>
#include <string>

#include "echo/base/time.h"
#include "echo/load/load_settings.h"
#include "echo/os/log.h"

namespace echo {

// How what a load finds is told.
struct Presentation {
  enum class Form {
    kTable,
    kPing,  // A line a message, and a summary, as ping(8) has them.
    kJson,
    kCsv,
  };
  Form form = Form::kTable;
  bool quiet = false;              // Only the results, and errors.
  bool histogram = false;          // Plot the latencies too, below a table or a summary,
  bool ascii = false;              // and not in Unicode, whatever the locale.
  std::optional<Duration> sample;  // The interval of the samples. None: a second if there are any.
  std::string svg;                 // The file for a picture. Empty: none.
};

// Puts the load on the server until it is over, or SIGINT or SIGTERM ends it, and prints the
// results to standard output, errors to the log, and on a terminal the progress to standard error.
//
// Returns the exit status: 0 where every byte was exact and no connection failed, 1 where not, and
// 128 and its number after a signal. Throws std::system_error where the host has no address, the
// picture's file cannot be written, or standard output fails.
int measure(const LoadSettings& settings, const Presentation& presentation, Log& log);

}  // namespace echo
