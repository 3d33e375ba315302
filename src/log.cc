#include "echo/log.h"

#include <fcntl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <utility>

#include "echo/fd_set.h"

namespace echo {
namespace {

constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels{
    {{"error", LogLevel::kError},
     {"warning", LogLevel::kWarning},
     {"info", LogLevel::kInfo},
     {"debug", LogLevel::kDebug}}};

void append_escaped(std::string& text, unsigned char byte) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  switch (byte) {
    case '\n':
      text += "\\n";
      break;
    case '\r':
      text += "\\r";
      break;
    case '\t':
      text += "\\t";
      break;
    case '"':
    case '\\':
      text += '\\';
      text += static_cast<char>(byte);
      break;
    default:
      if (byte >= ' ' && byte <= '~') {
        text += static_cast<char>(byte);
      } else {
        text += "\\x";
        text += kDigits[byte >> 4];
        text += kDigits[byte & 0xF];
      }
  }
}

bool is_file(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

// A terminal or a pipe that select() calls writable may still take only a part of a line and make a
// blocking write() wait for the rest. Setting O_NONBLOCK would set it for whoever else has the
// descriptor, the user's shell first; opening the same file again does not.
UniqueFd reopen_nonblocking(int fd) {
  struct stat status {};
  const bool can_stick =
      ::isatty(fd) == 1 || (::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode));
  if (!can_stick) return {};
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return UniqueFd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  for (const auto& [name, level] : kLevels) {
    if (text == name) return level;
  }
  return std::nullopt;
}

std::string Payload::to_string() const {
  std::string text = "\"";
  for (const char byte : head.substr(0, kMostBytes)) {
    append_escaped(text, static_cast<unsigned char>(byte));
  }
  text += '"';
  if (length > kMostBytes) text += "... (" + std::to_string(length) + " bytes)";
  return text;
}

Log::Log(int fd, LogLevel level, Manner manner)
    : reopened_(manner == Manner::kDaemon ? reopen_nonblocking(fd) : UniqueFd()),
      fd_(reopened_ ? reopened_.get() : fd),
      never_waits_(reopened_ || is_file(fd)),
      level_(level),
      manner_(manner),
      timestamps_(manner == Manner::kDaemon && (::isatty(fd) == 1 || is_file(fd))) {}

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

void Log::write(std::string_view label, std::string_view text) {
  const std::string prefix = stamp();
  std::string lines = unwritten_;
  if (dropped_ > 0) {
    lines += prefix;
    lines += "warning: ";
    lines += std::to_string(dropped_);
    lines += " log lines dropped: standard error did not take them\n";
  }
  lines += prefix;
  lines += label;
  lines += text;
  lines += '\n';
  const std::size_t written = put(lines);
  if (written <= unwritten_.size()) {
    // Nothing of the new line: kept, it would only wait with more and more others.
    unwritten_.erase(0, written);
    ++dropped_;
  } else {
    unwritten_ = lines.substr(written);
    dropped_ = 0;
  }
}

std::string Log::stamp() const {
  if (!timestamps_) return {};
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
  std::size_t done = 0;
  while (done < lines.size() && (never_waits_ || wait_for_room())) {
    const ssize_t written = ::write(fd_, lines.data() + done, lines.size() - done);
    const bool again = written < 0 && (errno == EAGAIN || errno == EINTR);
    if (manner_ == Manner::kDaemon || (written < 0 && !again)) {
      return written < 0 ? done : static_cast<std::size_t>(written);
    }
    if (!again) done += static_cast<std::size_t>(written);
  }
  return done;
}

// A descriptor of which nobody reads must not stall the caller, if the caller is a daemon.
bool Log::wait_for_room() const {
  FdSet room;
  room.insert(fd_);
  constexpr timespec kNow{0, 0};
  const timespec* const limit = manner_ == Manner::kDaemon ? &kNow : nullptr;
  const int ready = ::pselect(fd_ + 1, nullptr, room.native(), nullptr, limit, nullptr);
  return ready > 0 || (ready < 0 && manner_ == Manner::kTool);
}

}  // namespace echo
