#include "echo/report/picture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string_view>
#include <system_error>

#include "echo/base/escape.h"
#include "echo/base/usage_error.h"
#include "echo/report/svg.h"

namespace echo {
namespace {

// Opens the file for writing. If it is a FIFO, waits for a reader. Returns no descriptor on an
// error; errno is then the error of open(2), or 0 if the wait was ended.
UniqueFd open_output(const std::string& path, Interrupts& interrupts, Time deadline) {
  constexpr timespec kBetweenTries{.tv_sec = 0, .tv_nsec = 50'000'000};
  for (;;) {
    // Without O_NONBLOCK, open(2) would block until a reader opens the FIFO, despite signals
    // (SA_RESTART) and the deadline.
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666));
    const int error = errno;
    struct stat status {};
    const bool waits =
        !fd && error == ENXIO && ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
    if (!waits) {
      errno = error;
      return fd;
    }
    // A signal interrupts this sleep.
    ::nanosleep(&kBetweenTries, nullptr);
    if (interrupts.ending() != 0 || Clock::now() >= deadline) {
      errno = 0;
      return {};
    }
  }
}

// True if the path refers to standard output. Character devices such as /dev/null are allowed,
// because they have no content that the picture would overwrite.
bool is_stdout(const std::string& path) {
  struct stat file {};
  struct stat output {};
  return ::stat(path.c_str(), &file) == 0 && ::fstat(STDOUT_FILENO, &output) == 0 &&
         !S_ISCHR(file.st_mode) && file.st_dev == output.st_dev && file.st_ino == output.st_ino;
}

}  // namespace

Picture::Picture(const std::string& path, Interrupts& interrupts, Time deadline) : path_(path) {
  if (is_stdout(path)) {
    throw UsageError("--svg: '" + path + "' is standard output, which carries the results");
  }
  fd_ = open_output(path, interrupts, deadline);
  if (!fd_ && errno != 0) fail(errno);
}

void Picture::draw(const LoadSettings& settings, const OutputWait& wait) const {
  if (!fd_) return;
  const std::string drawn = format_svg(settings, timeline_.points());
  std::string_view rest = drawn;
  const int error = Output(fd_.get()).write(rest, wait);
  if (error != 0 && error != EINTR) fail(error);
}

void Picture::fail(int error) const {
  throw std::system_error(error, std::generic_category(),
                          "cannot write '" + escape_controls(path_) + "'");
}

}  // namespace echo
