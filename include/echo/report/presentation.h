#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "echo/base/time.h"

namespace echo {

enum class OutputFormat {
  kTable,
  kPing,  // A line for each message, and a summary, as ping(8) has them.
  kJson,
  kCsv,
};

// How to present what a load finds.
struct Presentation {
  static constexpr Duration kDefaultSample = std::chrono::seconds{1};

  OutputFormat format = OutputFormat::kTable;
  bool histogram = false;          // Plot the latencies too, below a table or a summary,
  bool ascii = false;              // and in ASCII, whatever the locale.
  std::optional<Duration> sample;  // The interval of the samples. None: kDefaultSample if any.
  std::string svg;                 // The file for a picture. Empty: none.
};

}  // namespace echo
