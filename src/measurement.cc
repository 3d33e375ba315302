#include "echo/measurement.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "echo/client_connection.h"
#include "echo/csv_report.h"
#include "echo/endpoint.h"
#include "echo/escape.h"
#include "echo/json_report.h"
#include "echo/load.h"
#include "echo/load_observer.h"
#include "echo/load_recorder.h"
#include "echo/load_results.h"
#include "echo/ping_report.h"
#include "echo/plot.h"
#include "echo/program.h"
#include "echo/progress.h"
#include "echo/reader.h"
#include "echo/report.h"
#include "echo/signals.h"
#include "echo/svg_report.h"
#include "echo/timeline.h"
#include "echo/unique_fd.h"

namespace echo {
namespace {

using Form = Presentation::Form;

constexpr Duration kProgressInterval = std::chrono::milliseconds{200};

// A picture of the load over time. Its file is opened before the load, so that no run is in vain
// for want of it.
class Picture {
 public:
  explicit Picture(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
    if (!fd_) fail();
  }

  void add(const Sample& sample) { timeline_.add(sample); }

  void draw(const LoadSettings& settings) const {
    const std::string drawn = format_svg(settings, timeline_.points());
    for (std::string_view rest = drawn; !rest.empty();) {
      const ssize_t written = ::write(fd_.get(), rest.data(), rest.size());
      if (written < 0 && errno != EINTR) fail();
      if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw std::system_error(errno, std::generic_category(),
                            "cannot write '" + escape_controls(path_) + "'");
  }

  const std::string path_;
  const UniqueFd fd_;
  Timeline timeline_;
};

// Tells of a load while it goes on, and at its end, in the form that is asked for.
class Teller : public LoadObserver {
 public:
  // `wait_mask` lets the signals in that end the load: they are to end a wait for a reader too.
  Teller(const LoadSettings& settings, const Presentation& presentation, const sigset_t& wait_mask,
         Log& log)
      : settings_(settings), presentation_(presentation), wait_mask_(wait_mask), log_(log) {
    if (!presentation.svg.empty()) picture_.emplace(presentation.svg);
    if (is(Form::kCsv)) write_stdout(csv_header());
    if (tells_answers()) write_stdout(ping_header(settings));
    if (!presentation.quiet && !tells_answers() && Progress::wanted(STDERR_FILENO)) {
      progress_.emplace(STDERR_FILENO, settings);
    }
  }

  LoadRecorder::Intervals intervals() const {
    const bool takes_samples = is(Form::kCsv) || picture_;
    return {.sample = takes_samples ? presentation_.sample : Duration{0},
            .progress = progress_ ? kProgressInterval : Duration{0}};
  }

  void answered(const Answer& answer) override {
    if (tells_answers()) tell(ping_line(answer));
  }

  void lost(std::uint64_t sequence, const std::string& reason) override {
    if (tells_answers()) tell(ping_loss_line(sequence, reason));
  }

  // The first ones in full, or all of them.
  void failed(const std::string& text) override {
    if (++failures_ > kMostFailuresTold && !log_.enabled(LogLevel::kDebug)) return;
    clear_progress();
    log_.error(text);
    ++failures_told_;
  }

  void sampled(const Sample& sample) override {
    if (picture_) picture_->add(sample);
    if (!is(Form::kCsv)) return;
    clear_progress();
    tell(csv_row(sample));
  }

  void progressed(const LoadResults& results) override {
    if (progress_) progress_->show(results);
  }

  void finish(const LoadResults& results) {
    clear_progress();
    if (failures_ > failures_told_) {
      log_.error("more connections failed: ", failures_ - failures_told_);
    }
    write_stdout(result_text(results));
    if (picture_) picture_->draw(settings_);
  }

 private:
  bool is(Form form) const noexcept { return presentation_.form == form; }
  bool tells_answers() const noexcept { return is(Form::kPing) && !presentation_.quiet; }

  std::string result_text(const LoadResults& results) const {
    if (is(Form::kCsv)) return {};
    if (is(Form::kJson)) return format_json(settings_, results);
    std::string text = is(Form::kPing) ? format_ping_summary(settings_, results)
                                       : format_report(settings_, results);
    if (presentation_.histogram) {
      const Charset charset = presentation_.ascii ? Charset::kAscii : charset_of_locale();
      text += "\n" + plot_latency(results.latency, charset);
    }
    return text;
  }

  // A reader that takes no more must not keep a signal from ending the load. What select() calls
  // writable takes a line at once (pipe(7)).
  void tell(const std::string& line) const {
    if (wait_for_reader(STDOUT_FILENO, &wait_mask_)) write_stdout(line);
  }

  void clear_progress() {
    if (progress_) progress_->clear();
  }

  const LoadSettings& settings_;
  const Presentation& presentation_;
  const sigset_t wait_mask_;
  Log& log_;
  std::uint64_t failures_ = 0;
  std::uint64_t failures_told_ = 0;
  std::optional<Picture> picture_;
  std::optional<Progress> progress_;
};

}  // namespace

int measure(const LoadSettings& settings, const Presentation& presentation, Log& log) {
  // What falls due is not to wait for timers that the system puts together
  // (PR_SET_TIMERSLACK(2const)).
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  // Before the signals wait for a loop that would hear them.
  std::vector<Endpoint> addresses = resolve(settings.host, settings.port, settings.family);
  std::optional<Signals> signals(std::in_place, std::initializer_list<int>{SIGINT, SIGTERM});
  Teller teller(settings, presentation, signals->wait_mask(), log);
  Load load(settings, std::move(addresses), teller, teller.intervals(), &signals->wait_mask());
  int signal = 0;
  while ((signal = signals->take()) == 0 && load.turn()) {
  }
  // Whoever sends the signal again does not want to wait for the results.
  signals.reset();

  const LoadResults& results = load.finish(signal != 0);
  teller.finish(results);
  if (signal != 0) return 128 + signal;
  return results.is_exact() ? 0 : 1;
}

}  // namespace echo
