#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "echo/base/time.h"
#include "echo/os/log.h"
#include "echo/os/unique_fd.h"

namespace echo {

// What `systemctl status` shows of the service.
struct ServiceStatus {
  std::size_t connections = 0;
  std::uint64_t bytes_echoed = 0;
  bool draining = false;

  bool operator==(const ServiceStatus&) const = default;

  // "12 connections, 3.2 GiB echoed".
  std::string to_string() const;
};

// The service manager that started this process: systemd, or what else speaks its protocol, which
// is a datagram to the socket that NOTIFY_SOCKET names (sd_notify(3)).
//
// It is told what it should know when there is something new, never so that the caller waits. What
// does not reach it is a warning, and is said again later.
class ServiceManager {
 public:
  // None: every call does nothing.
  ServiceManager() = default;

  // The one that the environment tells of, if any. What is malformed there is a warning, and taken
  // as if it were not there. `log` must outlive the object.
  explicit ServiceManager(Log& log);

  bool is_present() const noexcept { return static_cast<bool>(socket_); }

  // To be told next: that the service serves, and that it is about to end, which may take so long.
  void note_ready();
  void note_stopping(Duration most);

  // Tells what there is to tell: what was noted; a status that is new, once a second at most; and
  // that the service is alive, twice in the time after which the manager would end it otherwise
  // (WATCHDOG_USEC, sd_watchdog_enabled(3)). To be called by the main loop itself, so that nobody
  // vouches for a loop that is stuck.
  void tell(Time now, const ServiceStatus& status);

  // When there is something to tell though nothing happens; nullopt for never.
  std::optional<Time> due() const noexcept;

  // Gives the manager a copy of the descriptor to keep, for the next start (FDSTORE=1). Unlike
  // tell(), it waits for a manager that is busy, as long as kPatience. 0, or an errno value. It may
  // refuse to keep it, which it does not tell.
  int store(int fd, std::string_view name) const;

  // Has it drop what it keeps by that name.
  void drop(std::string_view name);

  // Waits until it has dealt with all that it was told (sd_notify_barrier(3)); false where it has
  // not within kPatience, or cannot be asked.
  bool synchronize() const noexcept;

  static constexpr std::chrono::seconds kPatience{5};

 private:
  int send(std::string_view state, int flags, std::span<const int> passed = {}) const;
  void note_trouble(int error);

  Log* log_ = nullptr;
  std::string path_;
  sockaddr_un address_{};
  socklen_t address_length_ = 0;
  UniqueFd socket_;

  std::string noted_;      // To be told next.
  bool troubled_ = false;  // The last datagram did not get through.
  Time not_before_ = Time::min();

  ServiceStatus status_;
  std::optional<ServiceStatus> told_status_;
  Time next_status_ = Time::min();

  Duration watchdog_interval_{0};  // 0: it need not be told.
  Time next_watchdog_ = Time::min();
};

}  // namespace echo
