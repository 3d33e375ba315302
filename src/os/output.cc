#include "echo/os/output.h"

#include <fcntl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string>
#include <system_error>

#include "echo/os/brief_write.h"
#include "echo/os/fd_set.h"

namespace echo {
namespace {

bool has_type(int fd, mode_t type) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == type;
}

}  // namespace

UniqueFd reopen_nonblocking(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return UniqueFd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool wait_writable(int fd, const OutputWait& wait) {
  const Time end = wait.until.value_or(Time::max());
  for (;;) {
    const int nfds = std::max(fd, wait.interrupt) + 1;
    FdSet inputs;
    FdSet outputs;
    for (FdSet* set : {&inputs, &outputs}) set->reserve(nfds);
    if (wait.interrupt >= 0) inputs.insert(wait.interrupt);
    outputs.insert(fd);
    const Time now = Clock::now();
    const bool is_over = now >= end || (wait.is_over && wait.is_over());
    const bool has_end = is_over || end != Time::max();
    const timespec left = to_timespec(is_over ? Duration{0} : end - now);
    const int ready = ::pselect(nfds, inputs.native(), outputs.native(), nullptr,
                                has_end ? &left : nullptr, nullptr);
    if (ready < 0 ? errno != EINTR : outputs.contains(fd)) return true;
    if (is_over) return false;
  }
}

Output::Output(int fd) : fd_(fd), is_socket_(has_type(fd, S_IFSOCK)) {
  if (!has_type(fd, S_IFIFO) && ::isatty(fd) != 1) return;
  reopened_ = reopen_nonblocking(fd);
  if (reopened_) fd_ = reopened_.get();
  is_brief_ = !reopened_;
}

int Output::write(std::string_view& text, const OutputWait& wait) const {
  while (!text.empty()) {
    if (!wait_writable(fd_, wait)) return EINTR;
    const int error = write_now(text);
    if (error != 0 && error != EAGAIN) return error;
  }
  return 0;
}

int Output::write_now(std::string_view& text) const {
  while (!text.empty()) {
    const ssize_t written = write_some(text);
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

ssize_t Output::write_some(std::string_view text) const {
  if (is_socket_) return ::send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (is_brief_) return write_briefly(fd_, text);
  return ::write(fd_, text.data(), text.size());
}

void write_stdout(std::string_view text) {
  if (const int error = Output(STDOUT_FILENO).write(text)) {
    throw std::system_error(error, std::generic_category(), "cannot write standard output");
  }
}

}  // namespace echo
