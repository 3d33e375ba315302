#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/os/output.h"

namespace echo {

enum class LogLevel { kError, kWarning, kInfo, kDebug };

// "error", "warning", "info" or "debug"; nullopt for any other text.
std::optional<LogLevel> parse_log_level(std::string_view text);
std::string_view log_level_name(LogLevel level) noexcept;

// A peer's bytes for a log line, in quotes and escaped, so that none of them acts as a terminal
// command. A longer payload is cut after kMaxBytes and followed by its length.
struct Payload {
  static constexpr std::size_t kMaxBytes = 64;

  std::string_view head;  // The first bytes; at most kMaxBytes are printed.
  std::size_t length;     // The number of all bytes.

  explicit Payload(std::string_view bytes) : Payload(bytes, bytes.size()) {}
  Payload(std::string_view first, std::size_t all) : head(first), length(all) {}

  std::string to_string() const;
};

// Writes one line per event to a descriptor that the caller keeps open (standard error).
//
// A line consists of parts that are concatenated: text, numbers, times, and objects with a
// to_string(). A call below the log's level costs one comparison. Lines of the levels warning and
// error begin with the level. A line is dropped if there is no memory for it. In systemd's journal
// each line carries its priority (sd-daemon(3)).
class Log {
 public:
  enum class Mode {
    // Does not wait for the reader, see Output::write_now(). Drops a line if the descriptor takes
    // none of it; keeps the rest if the descriptor takes only a part. The next line that is written
    // reports the number of dropped lines. On a terminal and in a file, lines have the time.
    kDaemon,
    // Waits for the reader, see set_wait(). Lines have no time.
    kTool,
  };

  Log(int fd, LogLevel level, Mode mode);

  // How a tool waits for the reader. By default only a signal that ends the program ends a wait.
  void set_wait(OutputWait wait) { wait_ = std::move(wait); }

  bool enabled(LogLevel level) const noexcept { return level <= level_; }

  template <typename... Parts>
  void error(const Parts&... parts) {
    line(LogLevel::kError, parts...);
  }
  template <typename... Parts>
  void warning(const Parts&... parts) {
    line(LogLevel::kWarning, parts...);
  }
  template <typename... Parts>
  void info(const Parts&... parts) {
    line(LogLevel::kInfo, parts...);
  }
  template <typename... Parts>
  void debug(const Parts&... parts) {
    line(LogLevel::kDebug, parts...);
  }

  // Logs the answer to a request of the user, at every level.
  template <typename... Parts>
  void answer(const Parts&... parts) {
    join(Priority::kNotice, {}, parts...);
  }

  // Logs the error that ends the program, at every level and without a label.
  template <typename... Parts>
  void fatal(const Parts&... parts) {
    join(Priority::kError, {}, parts...);
  }

 private:
  // The numbers of syslog(3).
  enum class Priority { kError = 3, kWarning = 4, kNotice = 5, kInfo = 6, kDebug = 7 };

  template <typename... Parts>
  void line(LogLevel level, const Parts&... parts) {
    if (enabled(level)) join(priority_of(level), label_of(level), parts...);
  }

  template <typename... Parts>
  void join(Priority priority, std::string_view label, const Parts&... parts) {
    try {
      std::string text;
      (append(text, parts), ...);
      write(priority, label, text);
    } catch (const std::bad_alloc&) {
      ++dropped_;
    }
  }

  template <typename Part>
  static void append(std::string& text, const Part& part) {
    if constexpr (std::convertible_to<const Part&, std::string_view>) {
      text += std::string_view(part);
    } else if constexpr (std::same_as<Part, char>) {
      text += part;
    } else if constexpr (std::same_as<Part, Duration>) {
      text += format_duration(part);
    } else if constexpr (std::integral<Part>) {
      text += std::to_string(part);
    } else {
      text += part.to_string();
    }
  }

  static Priority priority_of(LogLevel level) noexcept;
  static std::string_view label_of(LogLevel level) noexcept;

  void write(Priority priority, std::string_view label, std::string_view text);
  std::string prefix(Priority priority) const;
  static std::string stamp();

  Output output_;
  Mode mode_;
  OutputWait wait_;  // Used by Mode::kTool only.
  LogLevel level_;
  bool timestamps_ = false;
  bool priorities_ = false;
  std::string unwritten_;  // The rest of a line that the descriptor took only in part.
  std::uint64_t dropped_ = 0;
};

}  // namespace echo
