#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "echo/base/time.h"
#include "echo/report/expectation.h"

namespace echo {

enum class OutputFormat {
  kTable,
  kPing,  // One line per message and a summary, in the style of ping(8).
  kJson,
  kCsv,
  kOpenMetrics,
};

// How to present and judge the results of a load.
struct Presentation {
  static constexpr Duration kDefaultSample = std::chrono::seconds{1};

  OutputFormat format = OutputFormat::kTable;
  bool histogram = false;          // Plot the latencies below the table or the summary.
  bool ascii = false;              // Plot in ASCII regardless of the locale.
  std::optional<Duration> sample;  // The sample interval. nullopt: kDefaultSample if needed.
  std::string svg;                 // The file for a picture. Empty: none.
  std::string hdr;                 // The file for latency percentiles. Empty: none.
  Expectations expectations;       // What the results should meet.
  std::string program;             // The name and version of the program, for a picture,
  std::string command_line;        // and its command line as a shell reads it, in ASCII.
};

}  // namespace echo
