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

// A peer's bytes, for a log line: in quotes, what is not printable ASCII escaped, so that nothing
// of it reaches a terminal as a command; the first kMaxBytes of them, then their true number.
struct Payload {
  static constexpr std::size_t kMaxBytes = 64;

  std::string_view head;  // The first bytes; kMaxBytes are enough.
  std::size_t length;     // How many there are in all.

  explicit Payload(std::string_view bytes) : Payload(bytes, bytes.size()) {}
  Payload(std::string_view first, std::size_t all) : head(first), length(all) {}

  std::string to_string() const;
};

// The log: a line an event, on a descriptor that the caller keeps open (standard error).
//
// A line is made of parts, joined as they are: text, numbers, times, and what has a to_string().
// Below the log's level a call costs a comparison. At warning and error the line says so. A line
// for which there is no memory is dropped. In systemd's journal a line has its priority
// (sd-daemon(3)).
class Log {
 public:
  enum class Manner {
    kDaemon,  // A line that the descriptor does not take at once is dropped, and the next one that
              // gets through says how many were. On a terminal or in a file lines have the time.
    kTool,    // Waits for the reader, see set_wait(). No times.
  };

  Log(int fd, LogLevel level, Manner manner);

  // How a tool waits. By default nothing ends a wait but what ends the program.
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

  // An answer to something the user asked for: logged at every level.
  template <typename... Parts>
  void answer(const Parts&... parts) {
    join(Priority::kNotice, {}, parts...);
  }

  // What the program ends of: logged at every level, in its own words.
  template <typename... Parts>
  void complaint(const Parts&... parts) {
    join(Priority::kError, {}, parts...);
  }

 private:
  // As syslog(3) counts them.
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
  Manner manner_;
  OutputWait wait_;  // A tool's.
  LogLevel level_;
  bool timestamps_ = false;
  bool priorities_ = false;
  std::string unwritten_;  // The end of a line of which the descriptor took only a part.
  std::uint64_t dropped_ = 0;
};

}  // namespace echo
