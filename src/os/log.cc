#include "echo/os/log.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

#include "echo/base/escape.h"
#include "echo/os/brief_write.h"
#include "echo/os/output.h"

namespace echo {
namespace {

constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels{
    {{"error", LogLevel::kError},
     {"warning", LogLevel::kWarning},
     {"info", LogLevel::kInfo},
     {"debug", LogLevel::kDebug}}};

mode_t type_of(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

// Whether it is the stream to the journal that systemd has made for this service (systemd.exec(5),
// $JOURNAL_STREAM), and not something else that a shell in between has put in its place.
bool is_journal(int fd) {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(fd, &status) != 0) return false;
  return stream == std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  for (const auto& [name, level] : kLevels) {
    if (text == name) return level;
  }
  return std::nullopt;
}

std::string Payload::to_string() const {
  std::string text = '"' + escape(head.substr(0, kMaxBytes)) + '"';
  if (length > kMaxBytes) text += "... (" + std::to_string(length) + " bytes)";
  return text;
}

Log::Log(int fd, LogLevel level, Manner manner)
    : fd_(fd), level_(level), priorities_(is_journal(fd)) {
  if (manner == Manner::kTool) {
    output_.emplace(fd);
    return;
  }
  const mode_t type = type_of(fd);
  const bool is_terminal = ::isatty(fd) == 1;
  timestamps_ = (type == S_IFREG || is_terminal) && !priorities_;
  // With `stty tostop` a line would stop a server in the background.
  if (is_terminal) std::signal(SIGTTOU, SIG_IGN);  // NOLINT(cert-err33-c): SIGTTOU is valid
  if (type == S_IFSOCK) {
    way_ = Way::kSend;
  } else if (type == S_IFIFO || is_terminal) {
    reopened_ = reopen_nonblocking(fd);
    if (reopened_) fd_ = reopened_.get();
    way_ = reopened_ ? Way::kWrite : Way::kWriteBriefly;
  }
}

Log::Priority Log::priority_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kError:
      return Priority::kError;
    case LogLevel::kWarning:
      return Priority::kWarning;
    case LogLevel::kInfo:
      return Priority::kInfo;
    default:
      return Priority::kDebug;
  }
}

std::string_view Log::label_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kError:
      return "error: ";
    case LogLevel::kWarning:
      return "warning: ";
    default:
      return {};
  }
}

void Log::write(Priority priority, std::string_view label, std::string_view text) {
  std::string lines = unwritten_;
  if (dropped_ > 0) {
    lines += prefix(Priority::kWarning) +
             "warning: log lines dropped: " + std::to_string(dropped_) + '\n';
  }
  lines += prefix(priority);
  lines += label;
  lines += text;
  lines += '\n';
  const std::size_t written = put(lines);
  if (written <= unwritten_.size()) {
    // Nothing of the new line: kept, it would only wait with more and more others.
    unwritten_.erase(0, written);
    ++dropped_;
  } else {
    lines.erase(0, written);
    unwritten_ = std::move(lines);
    dropped_ = 0;
  }
}

std::string Log::prefix(Priority priority) const {
  if (priorities_) return '<' + std::to_string(static_cast<int>(priority)) + '>';
  return timestamps_ ? stamp() : std::string();
}

std::string Log::stamp() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::array<char, 32> date{};
  if (std::strftime(date.data(), date.size(), "%F %T.", &local) == 0) return {};
  const std::string fraction = std::to_string(1000 + milliseconds).substr(1);
  return date.data() + fraction + ' ';
}

// Returns how much of it was written: all, in a tool, unless that fails.
std::size_t Log::put(std::string_view lines) {
  if (output_) {
    std::string_view rest = lines;
    output_->write(rest, wait_);
    return lines.size() - rest.size();
  }
  std::size_t done = 0;
  while (done < lines.size()) {
    const ssize_t written = put_some(lines.substr(done));
    if (written > 0) {
      done += static_cast<std::size_t>(written);
    } else if (written == 0 || errno != EINTR) {
      break;
    }
  }
  return done;
}

ssize_t Log::put_some(std::string_view text) const {
  switch (way_) {
    case Way::kWrite:
      return ::write(fd_, text.data(), text.size());
    case Way::kWriteBriefly:
      return write_briefly(fd_, text);
    case Way::kSend:
      return ::send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  return 0;
}

}  // namespace echo
