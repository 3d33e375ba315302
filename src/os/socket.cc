#include "echo/os/socket.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "echo/os/platform.h"

namespace echo {
namespace {

// The maximum number of reads before a close, for a peer that never stops sending.
constexpr int kMaxReadsBeforeClose = 64;

int set_option(int fd, int level, int name, int value) noexcept {
  return ::setsockopt(fd, level, name, &value, sizeof value);
}

// {0, 0} means forever.
void set_receive_timeout(int fd, timeval time) noexcept {
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

// Returns -1 if the descriptor is not a socket, and a positive number, not always 1, for an option
// that is on.
int option_of(int fd, int name) noexcept {
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

int family_of(int fd) noexcept {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return address.ss_family;
}

// Without TCP_NODELAY a small message waits for the acknowledgement of the previous one (RFC 1122,
// section 4.2.3.4). The call fails only on a dead connection, on which recv() fails too.
void set_no_delay(int fd) noexcept { set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

// RFC 2474, section 3: the six bits of the class precede the two of ECN.
void set_class_of_service(int fd, int family, unsigned dscp) noexcept {
  const int octet = static_cast<int>(dscp << 2);
  if (family == AF_INET6) {
    set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, octet);
  } else {
    set_option(fd, IPPROTO_IP, IP_TOS, octet);
  }
}

// Returns false on an error, which is in errno. Binds to what is given only.
bool bind_to(int fd, int family, const Endpoint& address, const std::string& device) noexcept {
  if (!device.empty() && !bind_to_interface(fd, family, device)) return false;
  if (address.family() == AF_UNSPEC) return true;
  share_ports_by_peer(fd);
  if (::bind(fd, address.address(), address.length()) == 0) return true;
  if (errno == EADDRINUSE) errno = EADDRNOTAVAIL;  // All ports of the address are in use.
  return false;
}

// Uses one address of the origin only.
Connecting connect_from(const Endpoint& endpoint, const Origin& origin, std::uint64_t number) {
  const int family = endpoint.family();
  UniqueFd fd = create_socket(family, SOCK_STREAM);
  if (!fd) return {.fd = {}, .error = errno};
  if (fd.get() > max_select_fd()) return {.fd = {}, .error = EMFILE};
  set_no_delay(fd.get());
  if (origin.dscp) set_class_of_service(fd.get(), family, *origin.dscp);
  if (!bind_to(fd.get(), family, origin.address_for(family, number), origin.device)) {
    return {.fd = {}, .error = errno};
  }
  if (::connect(fd.get(), endpoint.address(), endpoint.length()) != 0 && errno != EINPROGRESS &&
      errno != EINTR) {
    return {.fd = {}, .error = errno};
  }
  return {.fd = std::move(fd), .error = 0};
}

// Keepalive probes before the connection fails.
constexpr int kKeepaliveProbes = 4;

// Accepted connections inherit these options (tcp(7), tcp(4) of FreeBSD).
bool enable_keepalive(int listener, Duration silence) noexcept {
  const int seconds = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(silence).count());
  const int interval = (seconds + kKeepaliveProbes - 1) / kKeepaliveProbes;
  return set_option(listener, SOL_SOCKET, SO_KEEPALIVE, 1) == 0 &&
         set_keepalive_times(listener, seconds, interval, kKeepaliveProbes);
}

// `ask` is getsockname(2) or getpeername(2).
template <typename Ask>
Endpoint ask_endpoint(int fd, Ask ask) noexcept {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (ask(fd, address, &length) != 0) return {};
  return {address, length};
}

// Repeats the call until no signal interrupts it.
template <typename Call>
ssize_t again(Call call) noexcept {
  ssize_t result = 0;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

Moved moved(ssize_t result) noexcept {
  if (result < 0) return {.bytes = 0, .error = errno};
  return {.bytes = static_cast<std::size_t>(result), .error = 0};
}

}  // namespace

UniqueFd listen_on(const Endpoint& endpoint, int backlog, bool reuse_port, Duration keepalive) {
  UniqueFd fd = create_socket(endpoint.family(), SOCK_STREAM);
  const bool listening =
      // SO_REUSEADDR: a restart need not wait for old connections in TIME-WAIT (socket(7)).
      fd && set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1) == 0 &&
      (!reuse_port || set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1) == 0) &&
      (endpoint.family() != AF_INET6 || set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1) == 0) &&
      (keepalive == Duration{0} || enable_keepalive(fd.get(), keepalive)) &&
      ::bind(fd.get(), endpoint.address(), endpoint.length()) == 0 &&
      ::listen(fd.get(), backlog) == 0;
  if (!listening) {
    const int error = errno;
    throw std::system_error(
        error, std::generic_category(),
        "cannot listen on " + endpoint.host() + " port " + std::to_string(endpoint.port()));
  }
  return fd;
}

// The kernel refuses to connect a UDP socket to a broadcast address without SO_BROADCAST
// (connect(2), EACCES). Nothing is sent.
bool is_broadcast(const Endpoint& endpoint) noexcept {
  if (endpoint.family() != AF_INET) return false;
  if (endpoint.host() == "255.255.255.255") return true;  // There may be no route.
  const Endpoint any_port = endpoint.with_port(1);
  const UniqueFd fd = create_socket(AF_INET, SOCK_DGRAM);
  const auto connects = [&] {
    return ::connect(fd.get(), any_port.address(), any_port.length()) == 0;
  };
  return !connects() && errno == EACCES && set_option(fd.get(), SOL_SOCKET, SO_BROADCAST, 1) == 0 &&
         connects();
}

SocketKind kind_of(int fd) noexcept {
  const int family = family_of(fd);
  const int type = option_of(fd, SO_TYPE);
  const bool listens = option_of(fd, SO_ACCEPTCONN) > 0;
  if ((family == AF_INET || family == AF_INET6) && type == SOCK_STREAM) {
    return listens ? SocketKind::kListener : SocketKind::kConnection;
  }
  const bool is_seqpacket = family == AF_UNIX && type == SOCK_SEQPACKET && !listens;
  return is_seqpacket ? SocketKind::kSeqpacket : SocketKind::kOther;
}

void set_close_on_exec(int fd) noexcept { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

void make_nonblocking(int fd) noexcept { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

bool is_nonblocking(int fd) noexcept { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }

void limit_accept_wait(int listener) noexcept {
  make_nonblocking(listener);
  set_receive_timeout(listener, {.tv_sec = 0, .tv_usec = 1});
}

void unlimit_accept_wait(int listener) noexcept { set_receive_timeout(listener, {}); }

void set_backlog(int listener, int backlog) noexcept { ::listen(listener, backlog); }

void set_keepalive(int listener, Duration keepalive) noexcept {
  if (keepalive == Duration{0}) {
    set_option(listener, SOL_SOCKET, SO_KEEPALIVE, 0);
  } else {
    enable_keepalive(listener, keepalive);
  }
}

bool shares_port(int listener) noexcept { return option_of(listener, SO_REUSEPORT) > 0; }

void shut_down_listener(int listener) noexcept { ::shutdown(listener, SHUT_RD); }

void close_backlog(int listener) noexcept { ::listen(listener, 0); }

Accepted accept_from(int listener) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  auto* const address = reinterpret_cast<sockaddr*>(&peer);
  UniqueFd fd = accept_socket(listener, address, &length);
  if (!fd) return {.fd = {}, .peer = {}, .error = errno};
  set_no_delay(fd.get());
  return {.fd = std::move(fd), .peer = Endpoint(address, length), .error = 0};
}

Endpoint Origin::address_for(int family, std::uint64_t number) const noexcept {
  const auto is_usable = [family](const Endpoint& each) { return each.family() == family; };
  const auto count = std::count_if(addresses.begin(), addresses.end(), is_usable);
  if (count == 0) return {};
  auto left = number % static_cast<std::uint64_t>(count);
  return *std::find_if(addresses.begin(), addresses.end(),
                       [&](const Endpoint& each) { return is_usable(each) && left-- == 0; });
}

void check_origin(const Origin& origin) {
  const auto fail = [](int error, const std::string& from) {
    throw std::system_error(error, std::generic_category(), "cannot connect from '" + from + "'");
  };
  const auto try_out = [&](int family, const Endpoint& address, const std::string& device,
                           const std::string& name) {
    const UniqueFd fd = create_socket(family, SOCK_STREAM);
    if (!fd || !bind_to(fd.get(), family, address, device)) fail(errno, name);
  };
  for (const Endpoint& address : origin.addresses) {
    // bind(2) accepts these, but a connection comes from another address.
    if (address.is_wildcard() || address.is_multicast() || is_broadcast(address)) {
      fail(EADDRNOTAVAIL, address.host());
    }
    try_out(address.family(), address, "", address.host());
  }
  if (!origin.device.empty()) try_out(AF_INET, {}, origin.device, origin.device);
}

Connecting connect_to(const Endpoint& endpoint, const Origin& origin, std::uint64_t number) {
  Connecting connecting;
  const std::size_t tries = std::max<std::size_t>(1, origin.addresses.size());
  for (std::size_t attempt = 0; attempt < tries; ++attempt) {
    connecting = connect_from(endpoint, origin, number + attempt);
    if (connecting.error != EADDRNOTAVAIL) break;
  }
  return connecting;
}

int take_error(int fd) noexcept {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

Endpoint local_endpoint(int fd) noexcept { return ask_endpoint(fd, &::getsockname); }

Endpoint remote_endpoint(int fd) noexcept { return ask_endpoint(fd, &::getpeername); }

// The types of these members differ between systems.
msghdr message_of(std::span<iovec> parts) noexcept {
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(parts.size());
  return message;
}

void set_control(msghdr& message, void* control, std::size_t length) noexcept {
  message.msg_control = control;
  message.msg_controllen = static_cast<decltype(message.msg_controllen)>(length);
}

Moved receive(int fd, std::span<iovec> parts) noexcept {
  if (parts.size() == 1) {
    const iovec& part = parts.front();
    return receive(fd, std::span(static_cast<char*>(part.iov_base), part.iov_len));
  }
  msghdr message = message_of(parts);
  return moved(again([&] { return ::recvmsg(fd, &message, MSG_DONTWAIT); }));
}

Moved receive(int fd, std::span<char> buffer) noexcept {
  return moved(again([&] { return ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT); }));
}

// All parts share one buffer, because the bytes are never read and the stack may be small.
Moved discard(int fd) noexcept {
  std::array<char, 4096> unwanted;  // NOLINT(*-member-init): never read
  std::array<iovec, 16> parts;      // NOLINT(*-member-init): filled below
  parts.fill({.iov_base = unwanted.data(), .iov_len = unwanted.size()});
  return receive(fd, parts);
}

Moved send(int fd, std::span<iovec> parts) noexcept {
  if (parts.size() == 1) {
    const iovec& part = parts.front();
    return send(fd, std::string_view(static_cast<const char*>(part.iov_base), part.iov_len));
  }
  const msghdr message = message_of(parts);
  return moved(::sendmsg(fd, &message, kNoSigpipe | MSG_DONTWAIT));
}

Moved send(int fd, std::string_view text) noexcept {
  return moved(::send(fd, text.data(), text.size(), kNoSigpipe | MSG_DONTWAIT));
}

int send_with_descriptors(int fd, msghdr message, std::span<const int> passed, int flags) noexcept {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxInMessage * sizeof(int))> control{};
  if (!passed.empty()) {
    set_control(message, control.data(), CMSG_SPACE(passed.size_bytes()));
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = static_cast<decltype(header->cmsg_len)>(CMSG_LEN(passed.size_bytes()));
    std::memcpy(CMSG_DATA(header), passed.data(), passed.size_bytes());
  }
  return again([&] { return ::sendmsg(fd, &message, flags | kNoSigpipe); }) < 0 ? errno : 0;
}

std::size_t unread(int fd) noexcept {
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

void shut_down_sending(int fd) noexcept { ::shutdown(fd, SHUT_WR); }

void close_politely(UniqueFd fd) noexcept {
  shut_down_sending(fd.get());
  for (int reads = 0; reads < kMaxReadsBeforeClose; ++reads) {
    if (discard(fd.get()).bytes == 0) break;
  }
}

}  // namespace echo
