#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/select.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "echo/os/platform.h"
#include "echo/os/socket.h"

// Some of these systems add to POSIX too. A macro shows whether a system has an addition.
namespace echo {
namespace {

// The errors of one client that accept() of POSIX, or the network, can report.
constexpr std::array kClientErrors{EINTR,       ECONNABORTED, EPROTO,      ENETDOWN,
                                   ENOPROTOOPT, EHOSTUNREACH, ENETUNREACH, EOPNOTSUPP};

UniqueFd prepared(int fd) noexcept {
  if (fd < 0) return {};
  make_nonblocking(fd);
  set_close_on_exec(fd);
#ifdef SO_NOSIGPIPE
  constexpr int kOn = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &kOn, sizeof kOn);
#endif
  return UniqueFd(fd);
}

}  // namespace

bool is_posix_only() noexcept { return true; }

// sys/param.h defines BSD on the BSDs and on macOS. Their system call takes sets of any size
// (select(2); on macOS if _DARWIN_UNLIMITED_SELECT is defined).
int max_select_fd() noexcept {
#ifdef BSD
  return INT_MAX - 1;
#else
  return FD_SETSIZE - 1;
#endif
}

UniqueFd create_socket(int family, int type) noexcept {
  return prepared(::socket(family, type, 0));
}

UniqueFd accept_socket(int listener, sockaddr* peer, socklen_t* length) noexcept {
  return prepared(::accept(listener, peer, length));
}

#ifdef MSG_NOSIGNAL
const int kNoSigpipe = MSG_NOSIGNAL;
#else
const int kNoSigpipe = 0;
#endif

void share_ports_by_peer(int /*fd*/) noexcept {}

bool bind_to_interface([[maybe_unused]] int fd, [[maybe_unused]] int family,
                       [[maybe_unused]] const std::string& name) noexcept {
#ifdef IP_BOUND_IF
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0) return false;
  const bool is_ipv6 = family == AF_INET6;
  return ::setsockopt(fd, is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
                      is_ipv6 ? IPV6_BOUND_IF : IP_BOUND_IF, &index, sizeof index) == 0;
#else
  errno = EOPNOTSUPP;
  return false;
#endif
}

bool is_client_error(int error) noexcept {
  return std::find(kClientErrors.begin(), kClientErrors.end(), error) != kClientErrors.end();
}

bool set_keepalive_times([[maybe_unused]] int fd, [[maybe_unused]] int silence,
                         [[maybe_unused]] int interval, [[maybe_unused]] int probes) noexcept {
  [[maybe_unused]] const auto set = [fd](int name, int value) {
    return ::setsockopt(fd, IPPROTO_TCP, name, &value, sizeof value) == 0;
  };
  bool done = true;
#if defined(TCP_KEEPIDLE)
  done = done && set(TCP_KEEPIDLE, silence);
#elif defined(TCP_KEEPALIVE)
  done = done && set(TCP_KEEPALIVE, silence);
#endif
#ifdef TCP_KEEPINTVL
  done = done && set(TCP_KEEPINTVL, interval);
#endif
#ifdef TCP_KEEPCNT
  done = done && set(TCP_KEEPCNT, probes);
#endif
  return done;
}

std::optional<std::size_t> unacknowledged([[maybe_unused]] int fd) noexcept {
#if defined(SO_NWRITE)
  int bytes = 0;
  socklen_t length = sizeof bytes;
  if (::getsockopt(fd, SOL_SOCKET, SO_NWRITE, &bytes, &length) == 0) {
    return static_cast<std::size_t>(bytes);
  }
#elif defined(FIONWRITE)
  int bytes = 0;
  if (::ioctl(fd, FIONWRITE, &bytes) == 0) return static_cast<std::size_t>(bytes);
#endif
  return std::nullopt;
}

// A terminal has a path. A pipe has none.
UniqueFd reopen_nonblocking(int fd) {
  std::array<char, 256> path{};
  if (::ttyname_r(fd, path.data(), path.size()) != 0) return {};
  return UniqueFd(::open(path.data(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

void use_precise_timers() noexcept {}

std::optional<std::uint64_t> local_ports() { return std::nullopt; }

std::optional<PathInfo> path_info(int /*fd*/) noexcept { return std::nullopt; }

std::optional<ProcessorWait> processor_wait() { return std::nullopt; }

}  // namespace echo
