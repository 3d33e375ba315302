#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>

#include "echo/os/unique_fd.h"

namespace echo::test {

// A pipe for a Log to write to, and all text written so far.
class LogPipe {
 public:
  LogPipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) return;
    to_read_ = UniqueFd(fds[0]);
    to_write_ = UniqueFd(fds[1]);
  }

  int fd() const noexcept { return to_write_.get(); }

  const std::string& text() {
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t length = ::read(to_read_.get(), buffer.data(), buffer.size());
      if (length <= 0) return text_;
      text_.append(buffer.data(), static_cast<std::size_t>(length));
    }
  }

  bool has(const std::string& part) { return text().find(part) != std::string::npos; }

 private:
  UniqueFd to_read_;
  UniqueFd to_write_;
  std::string text_;
};

}  // namespace echo::test
