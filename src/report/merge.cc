#include "echo/report/merge.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <exception>
#include <stdexcept>

#include "echo/base/errno_text.h"
#include "echo/base/escape.h"
#include "echo/base/time.h"
#include "echo/os/output.h"
#include "echo/os/unique_fd.h"
#include "echo/report/interrupts.h"
#include "echo/report/json.h"
#include "echo/report/json_results.h"
#include "echo/report/merged_run.h"
#include "echo/report/reporter.h"

namespace echo {
namespace {

// Parsing takes a multiple of it in memory. A result without samples has at most a few MiB.
constexpr std::size_t kMaxFile = 64UL << 20;

std::string read_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw std::runtime_error(ErrnoText{errno}.to_string());
  constexpr std::size_t kChunk = 64UL << 10;
  std::string text;
  for (;;) {
    const std::size_t size = text.size();
    text.resize(size + kChunk);
    const ssize_t count = ::read(fd.get(), text.data() + size, kChunk);
    if (count < 0 && errno != EINTR) throw std::runtime_error(ErrnoText{errno}.to_string());
    text.resize(size + static_cast<std::size_t>(count < 0 ? 0 : count));
    if (count == 0) return text;
    if (text.size() > kMaxFile) {
      throw std::runtime_error("larger than " + std::to_string(kMaxFile >> 20U) + " MiB");
    }
  }
}

EndedRun read_runs(const std::vector<std::string>& files) {
  MergedRun merged;
  for (const std::string& file : files) {
    try {
      merged.add(file, parse_json_results(read_file(file)));
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
  return run.results.is_exact() ? 0 : 1;
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
