#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "echo/base/time.h"
#include "echo/load/load_observer.h"
#include "echo/load/load_recorder.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/os/endpoint.h"
#include "echo/os/log.h"
#include "echo/os/output.h"
#include "echo/report/interrupts.h"
#include "echo/report/json.h"
#include "echo/report/output_file.h"
#include "echo/report/presentation.h"
#include "echo/report/progress.h"
#include "echo/report/timeline.h"

namespace echo {

// Prints the results of a load, during the load and at its end, as the Presentation specifies. The
// functions throw std::system_error if standard output or a file fails.
class Reporter : public LoadObserver {
 public:
  // An interrupt or the deadline ends every wait for a reader, including a wait in this
  // constructor. All arguments must outlive this object. Throws UsageError if a result would
  // overwrite another one.
  Reporter(const LoadSettings& settings, const Presentation& presentation, Interrupts& interrupts,
           Time deadline, Log& log);
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;
  ~Reporter() override { log_.set_wait({}); }

  LoadRecorder::Intervals intervals() const;

  void answered(const Answer& answer) override;
  void lost(std::uint64_t sequence, const std::string& reason) override;
  void failed(const std::string& text) override;
  void sampled(const Sample& sample) override;
  void refused(const std::string& refusals, const Endpoint& instead) override;
  void progressed(const LoadResults& results) override;

  // Prints the status line that a user has requested.
  void print_status(const LoadResults& results);

  // Limits the time for writing the results to Target::kReaderTimeout from now.
  void limit_wait();

  // Prints the final results.
  void finish(const LoadResults& results);

  // True if a wait for a reader of standard output was ended by an interrupt or a time limit.
  bool has_given_up() const noexcept { return has_given_up_; }

 private:
  bool is(OutputFormat format) const noexcept { return presentation_.format == format; }
  bool takes_samples() const noexcept {
    return is(OutputFormat::kCsv) || svg_ || (is(OutputFormat::kJson) && presentation_.sample);
  }
  bool is_quiet() const noexcept { return !log_.enabled(LogLevel::kInfo); }
  bool prints_answers() const noexcept { return is(OutputFormat::kPing) && !is_quiet(); }
  std::string result_text(const LoadResults& results) const;
  void print(std::string_view text);
  void clear_progress();

  const LoadSettings& settings_;
  const Presentation& presentation_;
  Interrupts& interrupts_;
  OutputWait wait_;
  Log& log_;
  const Output stdout_;
  std::uint64_t failures_logged_ = 0;
  int progresses_ = 0;
  bool has_given_up_ = false;
  std::optional<OutputFile> svg_;
  std::optional<OutputFile> hdr_;
  std::optional<Progress> progress_;
  JsonReport json_;
  Timeline timeline_;
};

}  // namespace echo
