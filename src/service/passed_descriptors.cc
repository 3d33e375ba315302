#include "echo/service/passed_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "echo/base/format.h"
#include "echo/base/parse.h"
#include "echo/os/socket.h"

namespace echo {
namespace {

// The number of the first passed descriptor (sd-daemon.h, SD_LISTEN_FDS_START).
constexpr int kFirst = 3;

// The search ends after this many missing descriptors, whatever the announced number.
constexpr std::size_t kMaxMissing = 1024;

// The number of descriptors announced for this process.
std::optional<int> announced(Log& log) {
  const char* const count = std::getenv("LISTEN_FDS");
  const char* const pid = std::getenv("LISTEN_PID");
  if (count == nullptr && pid == nullptr) return std::nullopt;
  if (count == nullptr || pid == nullptr) {
    log.warning(pid == nullptr ? "LISTEN_FDS: LISTEN_PID" : "LISTEN_PID: LISTEN_FDS",
                " is missing; the passed descriptors are ignored");
    return std::nullopt;
  }
  if (parse_number(pid) != static_cast<std::uint64_t>(::getpid())) {
    log.warning("LISTEN_PID: ", Payload(pid),
                " is not this process; the passed descriptors are ignored");
    return std::nullopt;
  }
  const auto number = parse_number(count);
  if (!number || *number > INT_MAX - kFirst) {
    log.warning("LISTEN_FDS: ", Payload(count), " is not a number of descriptors");
    return std::nullopt;
  }
  return static_cast<int>(*number);
}

// A passed descriptor has survived exec(), so close-on-exec is off. Descriptors that this process
// opens have it on.
bool is_passed(int fd) {
  const int flags = ::fcntl(fd, F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

std::vector<std::string> split_names(std::string_view names) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = names.find(':');
    parts.emplace_back(names.substr(0, end));
    if (end == std::string_view::npos) return parts;
    names.remove_prefix(end + 1);
  }
}

void name_them(std::vector<PassedDescriptor>& passed, int count, Log& log) {
  const char* const value = std::getenv("LISTEN_FDNAMES");
  if (value == nullptr || count == 0) return;
  std::vector<std::string> names = split_names(value);
  if (names.size() != static_cast<std::size_t>(count)) {
    log.warning("LISTEN_FDNAMES: ", Payload(value), " does not have ",
                format_count(static_cast<std::size_t>(count), "name"));
    return;
  }
  for (PassedDescriptor& each : passed) {
    each.name = std::move(names[static_cast<std::size_t>(each.fd.get() - kFirst)]);
  }
}

}  // namespace

std::vector<PassedDescriptor> take_passed_descriptors(Log& log) {
  std::vector<PassedDescriptor> passed;
  const int count = announced(log).value_or(0);
  std::size_t missing = 0;
  for (int fd = kFirst; fd < kFirst + count && missing < kMaxMissing; ++fd) {
    if (!is_passed(fd)) {
      ++missing;
      continue;
    }
    set_close_on_exec(fd);
    passed.push_back({.fd = UniqueFd(fd), .name = "unknown"});
  }
  if (missing > 0) {
    log.warning("LISTEN_FDS: descriptors announced: ", count, ", passed: ", passed.size());
  }
  name_them(passed, count, log);
  return passed;
}

}  // namespace echo
