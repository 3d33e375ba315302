#include "echo/service/service_manager.h"

#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <new>
#include <string>
#include <utility>

#include "echo/base/errno_text.h"
#include "echo/base/format.h"
#include "echo/base/parse.h"
#include "echo/os/fd_set.h"
#include "echo/os/socket.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStatusInterval = 1s;

// The pause after a datagram that did not get through.
constexpr Duration kRetryInterval = 1s;

// The announced time exceeds `max` by this, because the end of the service takes time too.
constexpr Duration kStopSlack = 5s;

bool is_address(std::string_view name) {
  return (name.starts_with('@') || name.starts_with('/')) && name.size() >= 2;
}

// Fills in a path, or an abstract name that begins with '@' (sd_notify(3)). Returns the length of
// the address; 0 if the name is neither or too long.
socklen_t fill_address(std::string_view name, sockaddr_un& address) {
  const bool abstract = name.starts_with('@');
  // A path ends with a NUL, an abstract name begins with one (unix(7)).
  const std::size_t max = abstract ? sizeof address.sun_path : sizeof address.sun_path - 1;
  if (!is_address(name) || name.size() > max) return 0;
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, name.size());
  if (abstract) address.sun_path[0] = '\0';
  const std::size_t length = offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1);
  return static_cast<socklen_t>(length);
}

// The interval of the watchdog notifications; 0 if the manager expects none from this process.
Duration watchdog_interval(Log& log) {
  const char* const time = std::getenv("WATCHDOG_USEC");
  if (time == nullptr) return 0s;
  if (const char* const pid = std::getenv("WATCHDOG_PID")) {
    const auto number = parse_number(pid);
    if (!number) log.warning("WATCHDOG_PID: ", Payload(pid), " is not a process ID");
    if (number != static_cast<std::uint64_t>(::getpid())) return 0s;
  }
  const auto microseconds = parse_number(time);
  const auto max = static_cast<std::uint64_t>(kMaxDuration / 1us);
  if (!microseconds || *microseconds < 2 || *microseconds > max) {
    log.warning("WATCHDOG_USEC: ", Payload(time), " is not a time in microseconds");
    return 0s;
  }
  return std::chrono::microseconds{*microseconds} / 2;
}

}  // namespace

std::string ServiceStatus::to_string() const {
  return (draining ? "draining: " : "") + format_count(connections, "connection") + ", " +
         format_bytes(bytes_echoed) + " echoed";
}

ServiceManager::ServiceManager(Log& log) : log_(&log) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  address_length_ = fill_address(path, address_);
  if (address_length_ == 0) {
    log.warning("NOTIFY_SOCKET: ", Payload(path),
                is_address(path) ? " is too long" : " is neither a path nor an abstract name");
    return;
  }
  path_ = path;
  socket_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM, 0));
  if (!socket_) {
    warn(errno);
    return;
  }
  set_close_on_exec(socket_.get());
  constexpr timeval kLimit{kReplyTimeout.count(), 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kLimit, sizeof kLimit);
  watchdog_interval_ = watchdog_interval(log);
}

void ServiceManager::announce_ready() { announcements_ += "READY=1\n"; }

void ServiceManager::announce_stopping(Duration max) {
  const auto time = std::chrono::ceil<std::chrono::microseconds>(max + kStopSlack);
  announcements_ += "STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(time.count()) + '\n';
}

void ServiceManager::notify(Time now, const ServiceStatus& status) {
  if (!is_present()) return;
  status_ = status;
  if (now < retry_at_) return;
  const bool with_status = status_ != sent_status_ && now >= next_status_;
  const bool with_watchdog = watchdog_interval_ > 0s && now >= next_watchdog_;
  std::string state = announcements_;
  if (with_status) state += "STATUS=" + status_.to_string() + '\n';
  if (with_watchdog) state += "WATCHDOG=1\n";
  if (state.empty()) return;

  const int error = send(state, MSG_DONTWAIT);
  if (error != 0) {
    warn(error);
    retry_at_ = now + kRetryInterval;
    return;
  }
  has_warned_ = false;
  announcements_.clear();
  if (with_status) {
    sent_status_ = status_;
    next_status_ = now + kStatusInterval;
  }
  if (with_watchdog) next_watchdog_ = now + watchdog_interval_;
}

std::optional<Time> ServiceManager::next_notification() const noexcept {
  if (!is_present()) return std::nullopt;
  std::optional<Time> next;
  if (!announcements_.empty()) next = retry_at_;
  if (status_ != sent_status_) next = earliest({next, next_status_});
  if (watchdog_interval_ > 0s) next = earliest({next, next_watchdog_});
  return next ? std::optional(std::max(*next, retry_at_)) : std::nullopt;
}

int ServiceManager::store(int fd, std::string_view name) const {
  if (!is_present()) return ENOTCONN;
  // Without FDPOLL=0 the manager drops the descriptor once the other end is closed.
  return send("FDSTORE=1\nFDNAME=" + std::string(name) + "\nFDPOLL=0\n", 0, std::span(&fd, 1));
}

void ServiceManager::drop(std::string_view name) {
  if (!is_present()) return;
  const int error = send("FDSTOREREMOVE=1\nFDNAME=" + std::string(name) + '\n', 0);
  if (error != 0) warn(error);
}

// A barrier carries a descriptor, which the manager closes after it has read all earlier datagrams.
bool ServiceManager::synchronize() const noexcept try {
  std::array<int, 2> fds{};
  if (!is_present() || ::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()) != 0) {
    return false;
  }
  const UniqueFd to_read(fds[0]);
  UniqueFd to_write(fds[1]);
  FdSet inputs;
  inputs.insert(to_read.get());
  if (send("BARRIER=1", 0, std::span(fds).last(1)) != 0) return false;
  to_write.reset();
  constexpr timespec kLimit{kReplyTimeout.count(), 0};
  sigset_t all{};  // No signal ends the wait early.
  sigfillset(&all);
  return ::pselect(inputs.nfds(), inputs.native(), nullptr, nullptr, &kLimit, &all) == 1;
} catch (const std::bad_alloc&) {
  return false;
}

// Returns 0, or an errno value.
int ServiceManager::send(std::string_view state, int flags, std::span<const int> passed) const {
  std::string text(state);
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  auto address = address_;
  msghdr message = message_of({&part, 1});
  message.msg_name = &address;
  message.msg_namelen = address_length_;
  return send_with_descriptors(socket_.get(), message, passed, flags);
}

// Warns once, until a notification gets through again.
void ServiceManager::warn(int error) {
  if (std::exchange(has_warned_, true)) return;
  log_->warning("cannot notify the service manager at ", Payload(path_), ": ", ErrnoText{error});
}

}  // namespace echo
