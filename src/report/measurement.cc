#include "echo/report/measurement.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "echo/base/escape.h"
#include "echo/base/time.h"
#include "echo/base/usage_error.h"
#include "echo/client/client_connection.h"
#include "echo/client/server_addresses.h"
#include "echo/load/load.h"
#include "echo/load/load_observer.h"
#include "echo/load/load_recorder.h"
#include "echo/load/load_results.h"
#include "echo/os/endpoint.h"
#include "echo/os/output.h"
#include "echo/os/signals.h"
#include "echo/os/unique_fd.h"
#include "echo/report/csv.h"
#include "echo/report/figures.h"
#include "echo/report/interrupts.h"
#include "echo/report/json.h"
#include "echo/report/ping.h"
#include "echo/report/plot.h"
#include "echo/report/progress.h"
#include "echo/report/svg.h"
#include "echo/report/table.h"
#include "echo/report/timeline.h"
#include "echo/report/warnings.h"

namespace echo {
namespace {

using Form = Presentation::Form;

constexpr Duration kProgressInterval = std::chrono::milliseconds{200};
constexpr Duration kSample = std::chrono::seconds{1};
constexpr Duration kPingProgressInterval = std::chrono::seconds{1};

// For how long results that a signal has asked for wait for a reader who takes nothing of them.
constexpr Duration kPatienceWithReader = std::chrono::seconds{2};

// Opens the file for writing, and waits for the reader where it is a FIFO. Empty where it is to
// end meanwhile, or where the file cannot be opened, as errno tells; it is 0 at the deadline.
UniqueFd open_output(const std::string& path, Interrupts& interrupts, Time deadline) {
  constexpr timespec kBetweenTries{.tv_sec = 0, .tv_nsec = 50'000'000};
  for (;;) {
    // Without O_NONBLOCK it would wait where no signal is heard.
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666));
    const int error = errno;
    struct stat status {};
    const bool waits =
        !fd && error == ENXIO && ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
    if (!waits) {
      errno = error;
      return fd;
    }
    // A signal cuts it short.
    ::nanosleep(&kBetweenTries, nullptr);
    if (interrupts.ending() != 0 || Clock::now() >= deadline) {
      errno = 0;
      return {};
    }
  }
}

WallTime wall_time_of(Time time) {
  const auto ago = std::chrono::duration_cast<WallTime::duration>(Clock::now() - time);
  return std::chrono::system_clock::now() - ago;
}

// Whether the path leads to what standard output is. A device, such as /dev/null, has no content to
// spoil.
bool is_stdout(const std::string& path) {
  struct stat file {};
  struct stat output {};
  return ::stat(path.c_str(), &file) == 0 && ::fstat(STDOUT_FILENO, &output) == 0 &&
         !S_ISCHR(file.st_mode) && file.st_dev == output.st_dev && file.st_ino == output.st_ino;
}

// A picture of the load over time. Its file is opened before the load, so that no run is in vain
// for want of it.
class Picture {
 public:
  // Where `interrupts` or the deadline end it before there is a reader, it has no file.
  Picture(const std::string& path, Interrupts& interrupts, Time deadline)
      : path_(path), fd_(open_output(path, interrupts, deadline)) {
    if (!fd_ && errno != 0) fail(errno);
  }

  void add(const Sample& sample) { timeline_.add(sample); }

  void draw(const LoadSettings& settings, const OutputWait& wait) const {
    if (!fd_) return;
    const std::string drawn = format_svg(settings, timeline_.points());
    std::string_view rest = drawn;
    const int error = Output(fd_.get()).write(rest, wait);
    if (error != 0 && error != EINTR) fail(error);
  }

 private:
  [[noreturn]] void fail(int error) const {
    throw std::system_error(error, std::generic_category(),
                            "cannot write '" + escape_controls(path_) + "'");
  }

  const std::string path_;
  const UniqueFd fd_;
  Timeline timeline_;
};

// Tells of a load while it goes on, and at its end, in the form that is asked for.
class Teller : public LoadObserver {
 public:
  // What ends the load ends each wait for a reader too. It may have come before this returns.
  Teller(const LoadSettings& settings, const Presentation& presentation, Interrupts& interrupts,
         Time deadline, Log& log)
      : settings_(settings),
        presentation_(presentation),
        interrupts_(interrupts),
        wait_(interrupts.output_wait()),
        log_(log),
        stdout_(STDOUT_FILENO) {
    if (is_stdout(presentation.svg)) {
      throw UsageError("--svg: '" + presentation.svg + "' is standard output; it has the results");
    }
    wait_.until = deadline;
    if (!presentation.svg.empty()) picture_.emplace(presentation.svg, interrupts, deadline);
    // While the load goes on, a line that nobody reads is dropped: the wait would be in the
    // figures.
    log_.set_wait({.is_over = [] { return true; }});
    if (is(Form::kCsv)) tell(csv_header());
    if (tells_answers()) tell(ping_header(settings));
    if (!presentation.quiet && !tells_answers() && Progress::wanted(STDERR_FILENO)) {
      progress_.emplace(STDERR_FILENO, settings);
    }
  }

  Teller(const Teller&) = delete;
  Teller& operator=(const Teller&) = delete;
  ~Teller() override { log_.set_wait({}); }

  LoadRecorder::Intervals intervals() const {
    return {.sample = takes_samples() ? presentation_.sample.value_or(kSample) : Duration{0},
            .progress = progress_         ? kProgressInterval
                        : tells_answers() ? kPingProgressInterval
                                          : Duration{0}};
  }

  void answered(const Answer& answer) override {
    if (tells_answers()) tell(ping_line(answer));
  }

  void lost(std::uint64_t sequence, const std::string& reason) override {
    if (tells_answers()) tell(ping_loss_line(sequence, reason));
  }

  // The first ones in full, or all of them.
  void failed(const std::string& text) override {
    if (++failures_ > kMaxFailuresTold && !log_.enabled(LogLevel::kDebug)) return;
    clear_progress();
    log_.error(text);
    ++failures_told_;
  }

  void sampled(const Sample& sample) override {
    if (picture_) picture_->add(sample);
    const WallTime ended = wall_time_of(sample.ended);
    if (is(Form::kJson) && presentation_.sample) json_.add(sample, ended);
    if (!is(Form::kCsv)) return;
    clear_progress();
    tell(csv_row(sample, ended));
  }

  void refused(const std::string& refusals, const Endpoint& instead) override {
    clear_progress();
    log_.warning(describe_refusals(refusals, instead));
  }

  void progressed(const LoadResults& results) override {
    if (progress_) progress_->show(results);
    // A ping is not silent while it waits for its first connection.
    if (tells_answers() && ++progresses_ == 2 && results.opened == 0 && results.failed() == 0) {
      log_.info("waiting for a connection to ", escape_controls(settings_.host), " port ",
                settings_.port);
    }
  }

  // Its reader is to take what is left, or misses it.
  void hurry() { wait_.until = Clock::now() + kPatienceWithReader; }

  // It was to end while it waited for who reads the results: they do not.
  bool has_given_up() const noexcept { return has_given_up_; }

  // An answer to a user who asks how far it is.
  void tell_status(const LoadResults& results) {
    clear_progress();
    log_.answer(format_status(settings_, results));
  }

  void finish(const LoadResults& results) {
    clear_progress();
    log_.set_wait(interrupts_.log_wait());
    if (results.is_past_deadline) {
      log_.error("not done within ", settings_.deadline,
                 ": messages unanswered: ", results.in_flight(), ", not sent: ", results.unsaid,
                 ", connections not open: ", results.not_open);
    }
    if (failures_ > failures_told_) {
      log_.error("more connections failed: ", failures_ - failures_told_);
    }
    // In a table they are among the figures.
    if (!is(Form::kTable)) {
      for (const std::string& warning : warnings_of(results)) log_.warning(warning);
    }
    tell(result_text(results));
    if (picture_) picture_->draw(settings_, wait_);
  }

 private:
  bool is(Form form) const noexcept { return presentation_.form == form; }
  bool takes_samples() const noexcept {
    return is(Form::kCsv) || picture_ || (is(Form::kJson) && presentation_.sample);
  }
  bool tells_answers() const noexcept { return is(Form::kPing) && !presentation_.quiet; }

  std::string result_text(const LoadResults& results) const {
    if (is(Form::kCsv)) return {};
    if (is(Form::kJson)) {
      return json_.format(settings_, results, presentation_.sample.has_value());
    }
    std::string text = is(Form::kPing) ? format_ping_summary(settings_, results)
                                       : format_report(settings_, results);
    if (presentation_.histogram) {
      const Charset charset = presentation_.ascii ? Charset::kAscii : charset_of_locale();
      text += "\n" + plot_latency(results.latency, charset);
    }
    return text;
  }

  void tell(std::string_view text) {
    const int error = stdout_.write(text, wait_);
    if (error == EINTR) {
      has_given_up_ = true;
    } else if (error != 0) {
      throw std::system_error(error, std::generic_category(), "cannot write standard output");
    }
  }

  void clear_progress() {
    if (progress_) progress_->clear();
  }

  const LoadSettings& settings_;
  const Presentation& presentation_;
  Interrupts& interrupts_;
  OutputWait wait_;
  Log& log_;
  const Output stdout_;
  std::uint64_t failures_ = 0;
  std::uint64_t failures_told_ = 0;
  int progresses_ = 0;
  bool has_given_up_ = false;
  std::optional<Picture> picture_;
  std::optional<Progress> progress_;
  JsonReport json_;
};

// measure(), but for the object of an error. Sets `has_results` once they are printed.
int run_load(const LoadSettings& settings, const Presentation& presentation, Log& log,
             bool& has_results) {
  // What falls due is not to wait for timers that the system puts together
  // (PR_SET_TIMERSLACK(2const)).
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  // A question waits for its answer while the name is looked up; what ends the process does so.
  block_signals({SIGQUIT, SIGUSR1});
  const Time deadline =
      settings.deadline > Duration{0} ? Clock::now() + settings.deadline : Time::max();
  ServerAddresses addresses([&] { return resolve(settings.host, settings.port, settings.family); });
  Interrupts interrupts;
  Teller teller(settings, presentation, interrupts, deadline, log);
  if (const int signal = interrupts.ending()) return 128 + signal;

  LoadSettings from_now = settings;
  if (deadline != Time::max()) from_now.deadline = std::max(deadline - Clock::now(), Duration{1});
  Load load(from_now, std::move(addresses), teller, teller.intervals(), interrupts.fd());
  while (interrupts.ending() == 0 && load.turn()) {
    if (interrupts.take_question()) teller.tell_status(load.results());
  }
  const int signal = interrupts.ending();
  const LoadResults& results = load.finish(signal != 0);
  // Whoever sends another one does not want to wait for those who read the results.
  if (!teller.has_given_up()) interrupts.forget_ending();
  if (signal != 0 || results.is_past_deadline) teller.hurry();
  has_results = true;  // Or what of them standard output took.
  teller.finish(results);
  if (const int again = interrupts.ending()) return 128 + again;
  if (signal != 0) return 128 + signal;
  return results.is_exact() ? 0 : 1;
}

}  // namespace

int measure(const LoadSettings& settings, const Presentation& presentation, Log& log) {
  bool has_results = false;
  try {
    return run_load(settings, presentation, log, has_results);
  } catch (const std::exception& error) {
    const bool is_json = presentation.form == Form::kJson;
    if (is_json && !has_results) write_stdout(format_json_error(error.what()));
    throw;
  }
}

}  // namespace echo
