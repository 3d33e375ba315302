#include "echo/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>

#include "echo/log.h"
#include "echo/options.h"

namespace echo {
namespace {

void complain(std::string_view name, const char* text) {
  Log(STDERR_FILENO, LogLevel::kError, Log::Manner::kTool).answer(name, ": ", text);
}

}  // namespace

int run_program(std::string_view name, const std::function<int()>& body) {
  // From the first line to the last: a pipe without a reader is an error to report, not to die of.
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c): it cannot fail for this signal
  try {
    return body();
  } catch (const UsageError& error) {
    complain(name, error.what());
    return 2;
  } catch (const std::exception& error) {
    complain(name, error.what());
    return 1;
  }
}

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0) {
      throw std::system_error(errno, std::generic_category(), "cannot write standard output");
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void print_version(std::string_view name) { print(std::string(name) + " " ECHO_VERSION "\n"); }

void ensure_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // open() takes the lowest number that is free: this one. The wrong way round, so that using it
    // is the error that it was: nobody's output went well, and nobody's input was empty.
    const int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", mode | O_CLOEXEC) < 0) {
      throw std::system_error(errno, std::generic_category(), "cannot open /dev/null");
    }
  }
}

int raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return errno;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : errno;
}

void limit_name_lookups() { ::setenv("RES_OPTIONS", "timeout:1 attempts:1", 0); }

}  // namespace echo
