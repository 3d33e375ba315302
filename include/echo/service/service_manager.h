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

// The status of the service, for `systemctl status`.
struct ServiceStatus {
  std::size_t connections = 0;
  std::uint64_t bytes_echoed = 0;
  bool draining = false;

  bool operator==(const ServiceStatus&) const = default;

  // "12 connections, 3.2 GiB echoed".
  std::string to_string() const;
};

// The service manager that started this process: systemd, or another one with the same protocol,
// which sends datagrams to the socket in NOTIFY_SOCKET (sd_notify(3)).
//
// notify() never blocks. If a notification does not get through, notify() logs a warning and sends
// it again later.
class ServiceManager {
 public:
  // No manager: nothing is sent, store() returns ENOTCONN, synchronize() returns false.
  ServiceManager() = default;

  // The manager that the environment names, if any. A malformed variable causes a warning and
  // disables its function. `log` must outlive the object.
  explicit ServiceManager(Log& log);

  bool is_present() const noexcept { return static_cast<bool>(socket_); }

  // Queue an announcement for the next notify(): the service is ready; or it stops, within `max`.
  void announce_ready();
  void announce_stopping(Duration max);

  // Sends the announcements; a changed status, at most once per second; and the watchdog
  // notification, twice per timeout of the manager (WATCHDOG_USEC, sd_watchdog_enabled(3)). Call it
  // in the main loop itself, so that a stuck loop does not appear alive.
  void notify(Time now, const ServiceStatus& status);

  // When to call notify() next even if nothing happens; nullopt for never.
  std::optional<Time> next_notification() const noexcept;

  // Gives the manager a copy of the descriptor to keep for the next start (FDSTORE=1). Unlike
  // notify(), waits up to kReplyTimeout for a busy manager. Returns 0, or an errno value. Does not
  // detect that the manager refuses to keep the descriptor.
  int store(int fd, std::string_view name) const;

  // Makes the manager close the descriptors that it keeps under this name. May wait as store()
  // does.
  void drop(std::string_view name);

  // Waits until the manager has read all previous datagrams (sd_notify_barrier(3)). Returns false
  // after at most twice kReplyTimeout, or if the manager cannot be asked.
  bool synchronize() const noexcept;

  // The limit of one wait for a busy manager.
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
  bool has_warned_ = false;    // Since the last successful notification.
  Time retry_at_ = Time::min();

  ServiceStatus status_;
  std::optional<ServiceStatus> sent_status_;
  Time next_status_ = Time::min();

  Duration watchdog_interval_{0};  // 0: the manager has no watchdog.
  Time next_watchdog_ = Time::min();
};

}  // namespace echo
