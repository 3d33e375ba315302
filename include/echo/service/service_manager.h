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

// The service manager that started this process: systemd, or another one with its protocol, which
// is a datagram to the socket that NOTIFY_SOCKET names (sd_notify(3)).
//
// notify() never waits for it. A notification that does not get through is a warning, and is sent
// again later.
class ServiceManager {
 public:
  // None: nothing is sent, store() returns ENOTCONN, and synchronize() false.
  ServiceManager() = default;

  // The one that the environment names, if any. A malformed variable is a warning, and counts as
  // missing. `log` must outlive the object.
  explicit ServiceManager(Log& log);

  bool is_present() const noexcept { return static_cast<bool>(socket_); }

  // For the next notify(): the service serves; it is about to end, within `max`.
  void announce_ready();
  void announce_stopping(Duration max);

  // Sends what is new: announcements; the status, once a second at most; and that the service is
  // alive, twice in the time after which the manager would end it otherwise (WATCHDOG_USEC,
  // sd_watchdog_enabled(3)). Call it in the main loop itself, so that a loop that is stuck does not
  // count as alive.
  void notify(Time now, const ServiceStatus& status);

  // When to call notify() next though nothing happens; nullopt for never.
  std::optional<Time> next_notification() const noexcept;

  // Gives the manager a copy of the descriptor to keep for the next start (FDSTORE=1). Unlike
  // notify(), it waits up to kReplyTimeout for a manager that is busy. 0, or an errno value. That
  // the manager does not keep it is no error here.
  int store(int fd, std::string_view name) const;

  // Has it drop what it keeps by that name.
  void drop(std::string_view name);

  // Waits until it has read all that it was sent (sd_notify_barrier(3)); false if it has not within
  // kReplyTimeout, or cannot be asked.
  bool synchronize() const noexcept;

  // How long a manager that is busy may keep this process waiting.
  static constexpr std::chrono::seconds kReplyTimeout{5};

 private:
  int send(std::string_view state, int flags, std::span<const int> passed = {}) const;
  void warn(int error);

  Log* log_ = nullptr;
  std::string path_;
  sockaddr_un address_{};
  socklen_t address_length_ = 0;
  UniqueFd socket_;

  std::string announcements_;  // Not sent yet.
  bool has_warned_ = false;    // Nothing has got through since.
  Time retry_at_ = Time::min();

  ServiceStatus status_;
  std::optional<ServiceStatus> sent_status_;
  Time next_status_ = Time::min();

  Duration watchdog_interval_{0};  // 0: the manager does not ask for it.
  Time next_watchdog_ = Time::min();
};

}  // namespace echo
