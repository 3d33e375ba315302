#include "echo/os/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

#include "echo/base/escape.h"

namespace echo {
namespace {

constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels{
    {{"error", LogLevel::kError},
     {"warning", LogLevel::kWarning},
     {"info", LogLevel::kInfo},
     {"debug", LogLevel::kDebug}}};

bool is_file(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

// True if the descriptor is the journal stream that systemd has created for this service
// (systemd.exec(5), $JOURNAL_STREAM); false if a shell has redirected it.
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

std::string_view log_level_name(LogLevel level) noexcept {
  const auto* const found =
      std::find_if(kLevels.begin(), kLevels.end(), [&](auto& row) { return row.second == level; });
  return found->first;
}

std::string Payload::to_string() const {
  std::string text = '"' + escape(head.substr(0, kMaxBytes)) + '"';
  if (length > kMaxBytes) text += "... (" + std::to_string(length) + " bytes)";
  return text;
}

Log::Log(int fd, LogLevel level, Mode mode)
    : output_(fd), mode_(mode), level_(level), priorities_(is_journal(fd)) {
  if (mode == Mode::kTool) return;
  const bool is_terminal = ::isatty(fd) == 1;
  timestamps_ = (is_file(fd) || is_terminal) && !priorities_;
  // With `stty tostop`, a log line would stop a server in the background.
  if (is_terminal) std::signal(SIGTTOU, SIG_IGN);  // NOLINT(cert-err33-c): SIGTTOU is valid
}

Log::Priority Log::priority_of(LogLevel level) noexcept {
  if (level == LogLevel::kError) return Priority::kError;
  if (level == LogLevel::kWarning) return Priority::kWarning;
  return level == LogLevel::kInfo ? Priority::kInfo : Priority::kDebug;
}

std::string_view Log::label_of(LogLevel level) noexcept {
  if (level == LogLevel::kError) return "error: ";
  return level == LogLevel::kWarning ? "warning: " : "";
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
  std::string_view rest = lines;
  if (mode_ == Mode::kTool) {
    output_.write(rest, wait_);
  } else {
    output_.write_now(rest);
  }
  const std::size_t written = lines.size() - rest.size();
  if (written <= unwritten_.size()) {
    // The descriptor took nothing of the new line. If it were kept, more and more lines would pile
    // up.
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
  const WallTime now = wall_time();
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

}  // namespace echo
