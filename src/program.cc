#include "echo/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
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
  // open() takes the lowest number that is free; past the three it is not needed.
  int fd = 0;
  while (fd <= STDERR_FILENO) {
    fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "cannot open /dev/null");
  }
  ::close(fd);
}

int raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return errno;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : errno;
}

void limit_name_lookups() { ::setenv("RES_OPTIONS", "timeout:1 attempts:1", 0); }

}  // namespace echo
