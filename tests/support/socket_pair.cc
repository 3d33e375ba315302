#include "support/socket_pair.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "support/patience.h"

namespace echo::test {
namespace {

bool becomes_ready(int fd, short events, int patience_in_ms = kPatienceInMs) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  return ::poll(&entry, 1, patience_in_ms) == 1;
}

}  // namespace

SocketPair make_socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  return {.ours = UniqueFd(fds[0]), .theirs = UniqueFd(fds[1])};
}

SocketPair make_tcp_pair() {
  const UniqueFd listener = listen_on(resolve("127.0.0.1", 0).front(), 1, false);
  Connecting connecting = connect_to(local_endpoint(listener.get()));
  if (!wait_readable(listener.get())) throw std::runtime_error("no client connects");
  Accepted accepted = accept_from(listener.get());
  return {.ours = std::move(accepted.fd), .theirs = std::move(connecting.fd)};
}

void reset_on_close(int fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::size_t fill(int fd) {
  const std::string block(4096, 'x');
  std::size_t total = 0;
  for (;;) {
    const Moved sent = send(fd, block);
    if (sent.error != 0) return total;
    total += sent.bytes;
  }
}

std::size_t bytes_in_flight(int fd) {
  int bytes = 0;
  if (::ioctl(fd, SIOCOUTQ, &bytes) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot count the bytes in flight");
  }
  return static_cast<std::size_t>(bytes);
}

bool is_readable(int fd) { return becomes_ready(fd, POLLIN, 0); }
bool wait_readable(int fd) { return becomes_ready(fd, POLLIN); }
bool wait_writable(int fd) { return becomes_ready(fd, POLLOUT); }

}  // namespace echo::test
