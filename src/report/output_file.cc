#include "echo/report/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

#include "echo/base/escape.h"
#include "echo/base/usage_error.h"

namespace echo {
namespace {

// Opens the file for writing. If it is a FIFO, waits for a reader. Returns no descriptor on an
// error; errno is then the error of open(2), or 0 if the wait was ended.
UniqueFd open_output(const std::string& path, Interrupts& interrupts, Time deadline) {
  constexpr timespec kBetweenTries{.tv_sec = 0, .tv_nsec = 50'000'000};
  for (;;) {
    // Without O_NONBLOCK, open(2) would block until a reader opens the FIFO, despite signals
    // (SA_RESTART) and the deadline.
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666));
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

// True if the descriptor and the status are of the same file. Character devices such as /dev/null
// never are, because they have no content that would be overwritten.
bool is_same_file(int fd, const struct stat& status) {
  struct stat other {};
  return ::fstat(fd, &other) == 0 && !S_ISCHR(status.st_mode) && status.st_dev == other.st_dev &&
         status.st_ino == other.st_ino;
}

}  // namespace

OutputFile::OutputFile(std::string_view option, const std::string& path, Interrupts& interrupts,
                       Time deadline)
    : path_(path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && is_same_file(STDOUT_FILENO, status)) {
    throw UsageError(std::string(option) + ": '" + path +
                     "' is standard output, which carries the results");
  }
  fd_ = open_output(path, interrupts, deadline);
  if (!fd_ && errno != 0) fail(errno);
}

bool OutputFile::overwrites(const OutputFile& other) const {
  struct stat status {};
  return ::fstat(fd_.get(), &status) == 0 && is_same_file(other.fd_.get(), status);
}

void OutputFile::write(std::string_view text, const OutputWait& wait) const {
  if (!fd_) return;
  // Not earlier, so that a run without results keeps the file. A FIFO or a device has no length.
  if (::ftruncate(fd_.get(), 0) != 0 && errno != EINVAL) fail(errno);
  const int error = Output(fd_.get()).write(text, wait);
  if (error != 0 && error != EINTR) fail(error);
}

void OutputFile::fail(int error) const {
  throw std::system_error(error, std::generic_category(),
                          "cannot write '" + escape_controls(path_) + "'");
}

}  // namespace echo
