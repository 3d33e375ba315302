#include "echo/report/merge.h"

#include <cstddef>
#include <exception>
#include <stdexcept>

#include "echo/base/escape.h"
#include "echo/base/time.h"
#include "echo/os/output.h"
#include "echo/os/read_file.h"
#include "echo/report/expectation.h"
#include "echo/report/interrupts.h"
#include "echo/report/json.h"
#include "echo/report/json_results.h"
#include "echo/report/merged_run.h"
#include "echo/report/reporter.h"

namespace echo {
namespace {

// Parsing takes a multiple of it in memory. A result without samples has at most a few MiB.
constexpr std::size_t kMaxFile = 16UL << 20;

EndedRun read_runs(const std::vector<std::string>& files) {
  MergedRun merged;
  for (const std::string& file : files) {
    try {
      merged.add(file, parse_json_results(read_file(file, kMaxFile)));
    } catch (const std::exception& error) {
      throw std::runtime_error("cannot merge '" + escape_controls(file) + "': " + error.what());
    }
  }
  return merged.finish();
}

int print_run(const EndedRun& run, const Presentation& presentation, Log& log) {
  Interrupts interrupts;
  Reporter reporter(run.settings, presentation, interrupts, Time::max(), log);
  for (const std::string& failure : run.results.failure_texts) reporter.failed(failure);
  reporter.finish(run.results);
  if (const int signal = interrupts.ending()) return 128 + signal;
  return exit_status_of(run.settings, run.results, presentation.expectations);
}

}  // namespace

int merge(const std::vector<std::string>& files, const Presentation& presentation, Log& log) {
  EndedRun run;
  try {
    run = read_runs(files);
  } catch (const std::exception& error) {
    if (presentation.format == OutputFormat::kJson) write_stdout(format_json_error(error.what()));
    throw;
  }
  return print_run(run, presentation, log);
}

}  // namespace echo
