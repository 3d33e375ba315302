#include "echo/report/measurement.h"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "echo/base/escape.h"
#include "echo/base/time.h"
#include "echo/client/server_addresses.h"
#include "echo/load/load.h"
#include "echo/load/load_results.h"
#include "echo/os/endpoint.h"
#include "echo/os/output.h"
#include "echo/os/platform.h"
#include "echo/os/read_file.h"
#include "echo/os/signals.h"
#include "echo/report/expectation.h"
#include "echo/report/interrupts.h"
#include "echo/report/json.h"
#include "echo/report/openmetrics.h"
#include "echo/report/reporter.h"

namespace echo {
namespace {

// Throws std::runtime_error with the file and the reason.
void read_data(LoadSettings& settings) {
  constexpr std::size_t kMaxData = 64UL * 1024 * 1024;
  try {
    settings.data = std::make_shared<const std::string>(read_file(settings.data_file, kMaxData));
    if (settings.data->empty()) throw std::runtime_error("it is empty");
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("cannot use '" + escape_controls(settings.data_file) +
                             "' as a message: " + error.what());
  }
  settings.sizes = {.least = settings.data->size(), .most = settings.data->size()};
}

// measure() without the text for errors. Sets `has_results` before it prints results.
int run_load(LoadSettings settings, const Presentation& presentation, Log& log, bool& has_results) {
  use_precise_timers();
  if (!settings.data_file.empty()) read_data(settings);
  // Requests for a status line wait until the name is resolved. Signals that end the process do not
  // wait.
  block_signals({SIGQUIT, SIGUSR1});
  const Time deadline =
      settings.deadline > Duration{0} ? Clock::now() + settings.deadline : Time::max();
  ServerAddresses addresses = look_up(settings);
  settings.connections *= addresses.lists();
  Interrupts interrupts;
  Reporter reporter(settings, presentation, interrupts, deadline, log);
  if (const int signal = interrupts.ending()) return 128 + signal;

  LoadSettings from_now = settings;
  if (deadline != Time::max()) from_now.deadline = std::max(deadline - Clock::now(), Duration{1});
  Load load(from_now, std::move(addresses), reporter, reporter.intervals(), interrupts.fd());
  while (interrupts.ending() == 0 && load.turn()) {
    if (interrupts.take_status_request()) reporter.print_status(load.results());
  }
  const int signal = interrupts.ending();
  const LoadResults& results = load.finish(signal != 0);
  // A second signal must be able to end the wait for a reader of the results.
  if (!reporter.has_given_up()) interrupts.clear_ending();
  if (signal != 0 || results.is_past_deadline) reporter.limit_wait();
  has_results = true;  // Even if standard output takes only a part of them.
  reporter.finish(results);
  if (const int again = interrupts.ending()) return 128 + again;
  if (signal != 0) return 128 + signal;
  return exit_status_of(settings, results, presentation.expectations);
}

}  // namespace

int measure(const LoadSettings& settings, const Presentation& presentation, Log& log) {
  bool has_results = false;
  try {
    return run_load(settings, presentation, log, has_results);
  } catch (const std::exception& error) {
    if (has_results) throw;
    const OutputFormat format = presentation.format;
    if (format == OutputFormat::kJson) write_stdout(format_json_error(error.what()));
    if (format == OutputFormat::kOpenMetrics) {
      write_stdout(format_openmetrics_error(settings, wall_time()));
    }
    throw;
  }
}

}  // namespace echo
