#include "echo/report/reporter.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "echo/base/escape.h"
#include "echo/base/usage_error.h"
#include "echo/client/client_connection.h"
#include "echo/client/server_addresses.h"
#include "echo/client/target.h"
#include "echo/report/csv.h"
#include "echo/report/expectation.h"
#include "echo/report/figures.h"
#include "echo/report/hdr.h"
#include "echo/report/openmetrics.h"
#include "echo/report/picture.h"
#include "echo/report/ping.h"
#include "echo/report/plot.h"
#include "echo/report/table.h"
#include "echo/report/warnings.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

constexpr Duration kProgressInterval = 200ms;
constexpr Duration kPingProgressInterval = 1s;

// The end of the measurement; for a run that did not measure, now.
WallTime end_of(const LoadResults& results) {
  if (!results.begin) return wall_time();
  return *results.begin + std::chrono::duration_cast<WallTime::duration>(results.elapsed);
}

WallTime wall_time_of(Time time) {
  return wall_time() - std::chrono::duration_cast<WallTime::duration>(Clock::now() - time);
}

}  // namespace

Reporter::Reporter(const LoadSettings& settings, const Presentation& presentation,
                   Interrupts& interrupts, Time deadline, Log& log)
    : settings_(settings),
      presentation_(presentation),
      interrupts_(interrupts),
      wait_(interrupts.output_wait()),
      log_(log),
      stdout_(STDOUT_FILENO) {
  wait_.until = deadline;
  if (!presentation.svg.empty()) svg_.emplace("--svg", presentation.svg, interrupts, deadline);
  if (!presentation.hdr.empty()) hdr_.emplace("--hdr", presentation.hdr, interrupts, deadline);
  if (svg_ && hdr_ && hdr_->overwrites(*svg_)) {
    throw UsageError("--hdr: '" + presentation.hdr + "' is also the file of --svg");
  }
  // During the load, log lines are dropped if their reader is slow. Waiting would distort the
  // figures.
  log_.set_wait({.is_over = [] { return true; }});
  if (is(OutputFormat::kCsv)) print(csv_header());
  if (prints_answers()) print(ping_header(settings));
  if (!is_quiet() && !prints_answers() && Progress::wanted(STDERR_FILENO)) {
    progress_.emplace(STDERR_FILENO, settings);
  }
}

LoadRecorder::Intervals Reporter::intervals() const {
  return {.sample = takes_samples() ? presentation_.sample.value_or(Presentation::kDefaultSample)
                                    : Duration{0},
          .progress = progress_          ? kProgressInterval
                      : prints_answers() ? kPingProgressInterval
                                         : Duration{0}};
}

void Reporter::answered(const Answer& answer) {
  if (prints_answers()) print(ping_line(answer));
}

void Reporter::lost(std::uint64_t sequence, const std::string& reason) {
  if (prints_answers()) print(ping_loss_line(sequence, reason));
}

void Reporter::failed(const std::string& text) {
  if (failures_logged_ == kMaxFailuresLogged && !log_.enabled(LogLevel::kDebug)) return;
  clear_progress();
  log_.error(text);
  ++failures_logged_;
}

void Reporter::sampled(const Sample& sample) {
  const WallTime ended = wall_time_of(sample.ended);
  if (svg_) timeline_.add(sample);
  if (is(OutputFormat::kJson) && presentation_.sample) json_.add(sample, ended);
  if (!is(OutputFormat::kCsv)) return;
  clear_progress();
  print(csv_row(sample, ended));
}

void Reporter::refused(const std::string& refusals, const Endpoint& instead) {
  clear_progress();
  log_.warning(describe_refusals(refusals, instead));
}

void Reporter::progressed(const LoadResults& results) {
  if (progress_) progress_->show(results);
  // A ping must not be silent while it waits for its first connection.
  if (prints_answers() && ++progresses_ == 2 && results.opened == 0 && results.failed() == 0) {
    log_.info("waiting for a connection to ", escape_controls(settings_.host), " port ",
              settings_.port);
  }
}

void Reporter::print_status(const LoadResults& results) {
  clear_progress();
  log_.answer(format_status(settings_, results));
}

void Reporter::limit_wait() { wait_.until = Clock::now() + Target::kReaderTimeout; }

void Reporter::finish(const LoadResults& results) {
  clear_progress();
  OutputWait log_wait = interrupts_.log_wait();
  log_wait.until = wait_.until;
  log_.set_wait(std::move(log_wait));
  if (results.is_past_deadline) {
    log_.error("not finished within ", settings_.deadline,
               ": messages unanswered: ", results.in_flight(), ", not sent: ", results.unsent,
               ", connections not open: ", results.not_open);
  }
  if (results.failed() > failures_logged_) {
    log_.error("more failed connections: ", results.failed() - failures_logged_);
  }
  // The table contains the warnings.
  if (!is(OutputFormat::kTable)) {
    for (const std::string& warning : warnings_of(results)) log_.warning(warning);
  }
  print(result_text(results));
  log_unmet(presentation_.expectations, results, log_);
  if (svg_) {
    svg_->write(format_picture(settings_, presentation_, results.begin.value_or(wall_time()),
                               timeline_.points()),
                wait_);
  }
  if (hdr_) hdr_->write(format_hdr(results.latency), wait_);
}

std::string Reporter::result_text(const LoadResults& results) const {
  if (is(OutputFormat::kCsv)) return {};
  if (is(OutputFormat::kJson)) {
    return json_.format(settings_, results, presentation_.expectations,
                        presentation_.sample.has_value());
  }
  if (is(OutputFormat::kOpenMetrics)) {
    return format_openmetrics(settings_, results, end_of(results));
  }
  std::string text = is(OutputFormat::kPing) ? format_ping_summary(settings_, results)
                                             : format_report(settings_, results);
  if (presentation_.histogram) {
    const Charset charset = presentation_.ascii ? Charset::kAscii : charset_of_locale();
    text += "\n" + plot_latency(results.latency, charset);
  }
  return text;
}

void Reporter::print(std::string_view text) {
  const int error = stdout_.write(text, wait_);
  if (error == EINTR) {
    has_given_up_ = true;
  } else if (error != 0) {
    throw std::system_error(error, std::generic_category(), "cannot write standard output");
  }
}

void Reporter::clear_progress() {
  if (progress_) progress_->clear();
}

}  // namespace echo
