#include "echo/cli/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>

#include "echo/base/errno_text.h"
#include "echo/base/escape.h"
#include "echo/base/usage_error.h"
#include "echo/cli/options.h"
#include "echo/os/log.h"
#include "echo/os/output.h"

namespace echo {
namespace {

// Logs the error. The text may contain control characters from the command line.
void print_error(std::string_view name, const char* text) {
  Log(STDERR_FILENO, LogLevel::kError, Log::Mode::kTool).fatal(name, ": ", escape_controls(text));
}

// Opens each standard descriptor that is closed. Otherwise the first socket would get its number,
// and log lines would go to a client.
void hold_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // open() uses the lowest free number: this one. The access mode is the opposite of the usual
    // one, so that reading or writing is still an error: no output seems to succeed, and no input
    // seems to be empty.
    const int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", mode | O_CLOEXEC) < 0) {
      throw std::system_error(errno, std::generic_category(), "cannot open /dev/null");
    }
  }
}

}  // namespace

int run_program(std::string_view name, const std::function<int()>& body) {
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);  // NOLINT(cert-err33-c)
  try {
    hold_standard_descriptors();
    return body();
  } catch (const UsageError& error) {
    print_error(name, error.what());
    return 2;
  } catch (const std::exception& error) {
    print_error(name, error.what());
    return 1;
  }
}

std::string name_and_version(std::string_view name) { return std::string(name) + " " ECHO_VERSION; }

bool print_instead(Action action, std::string_view name, std::string_view help) {
  if (action == Action::kHelp) write_stdout(help);
  if (action == Action::kVersion) write_stdout(name_and_version(name) + "\n");
  return action != Action::kRun;
}

void raise_descriptor_limit(Log& log) {
  rlimit limit{};
  int error = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : errno;
  const rlim_t soft = limit.rlim_cur;
  // macOS reports no hard limit, but rejects some values (EINVAL).
  limit.rlim_cur = limit.rlim_max;
  while ((error == 0 || error == EINVAL) && limit.rlim_cur > soft) {
    if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
    error = errno;
    limit.rlim_cur /= 2;
  }
  if (error != 0) log.warning("cannot raise the descriptor limit: ", ErrnoText{error});
}

void limit_name_lookups() { ::setenv("RES_OPTIONS", "timeout:1 attempts:2 single-request", 0); }

}  // namespace echo
