#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <fstream>
#include <string>

#include "echo/os/platform.h"

namespace echo {
namespace {

// accept(2), "Error handling": the errors of one client.
constexpr std::array kClientErrors{EINTR,     ECONNABORTED, EPROTO,       ENETDOWN,    ENOPROTOOPT,
                                   EHOSTDOWN, ENONET,       EHOSTUNREACH, ENETUNREACH, EOPNOTSUPP};

}  // namespace

bool is_posix_only() noexcept { return false; }

// The system call takes sets of any size, whatever FD_SETSIZE is (select(2), "BUGS").
int max_select_fd() noexcept { return INT_MAX - 1; }

UniqueFd create_socket(int family, int type) noexcept {
  return UniqueFd(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

UniqueFd accept_socket(int listener, sockaddr* peer, socklen_t* length) noexcept {
  return UniqueFd(::accept4(listener, peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

const int kNoSigpipe = MSG_NOSIGNAL;

void share_ports_by_peer(int fd) noexcept {
  constexpr int kOn = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &kOn, sizeof kOn);
}

bool bind_to_interface(int fd, int /*family*/, const std::string& name) noexcept {
  const auto length = static_cast<socklen_t>(name.size());
  return ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name.data(), length) == 0;
}

bool is_client_error(int error) noexcept {
  return std::find(kClientErrors.begin(), kClientErrors.end(), error) != kClientErrors.end();
}

bool set_keepalive_times(int fd, int silence, int interval, int probes) noexcept {
  const auto set = [fd](int name, int value) {
    return ::setsockopt(fd, IPPROTO_TCP, name, &value, sizeof value) == 0;
  };
  return set(TCP_KEEPIDLE, silence) && set(TCP_KEEPINTVL, interval) && set(TCP_KEEPCNT, probes);
}

// EOF counts as one byte (tcp(7), SIOCOUTQ).
std::optional<std::size_t> unacknowledged(int fd) noexcept {
  int bytes = 0;
  if (::ioctl(fd, SIOCOUTQ, &bytes) != 0) return std::nullopt;
  return static_cast<std::size_t>(bytes);
}

UniqueFd reopen_nonblocking(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return UniqueFd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

// PR_SET_TIMERSLACK(2const): otherwise the kernel groups timers of about the same time.
void use_precise_timers() noexcept { ::prctl(PR_SET_TIMERSLACK, 1UL); }

// ip_local_port_range in ip(7).
std::optional<std::uint64_t> local_ports() {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (!(file >> first >> last) || last < first) return std::nullopt;
  return last - first + 1;
}

// tcp(7), TCP_INFO. The round-trip time is in microseconds.
std::optional<PathInfo> path_info(int fd) noexcept {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return std::nullopt;
  if (length < sizeof info) return std::nullopt;
  return PathInfo{.retransmits = info.tcpi_total_retrans,
                  .round_trip = std::chrono::microseconds{info.tcpi_rtt},
                  .congestion_window = info.tcpi_snd_cwnd};
}

// The file has three numbers about the process's only thread: its running time and its waiting
// time, in nanoseconds, and the number of times that it ran (the kernel's
// Documentation/scheduler/sched-stats.rst).
std::optional<ProcessorWait> processor_wait() {
  std::ifstream file("/proc/self/schedstat");
  Duration::rep ran = 0;
  Duration::rep waited = 0;
  std::uint64_t turns = 0;
  if (!(file >> ran >> waited >> turns)) return std::nullopt;
  return ProcessorWait{.time = Duration{waited}, .turns = turns};
}

}  // namespace echo
