#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"

namespace echo {

// The socket calls. Every socket they make is non-blocking, closed on exec, and a connection sends
// small messages at once (TCP_NODELAY). Only listen_on() throws; elsewhere errors are values.

// How much one call moved. `error` is 0, or the errno value with which nothing moved. No bytes and
// no error: the end of the file.
struct Moved {
  std::size_t bytes = 0;
  int error = 0;

  // Not now: ask select() again.
  bool would_block() const noexcept {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
  }
};

// The most that listen_on()'s `keepalive` may be: Linux's limit for TCP_KEEPIDLE.
constexpr Duration kMaxKeepalive = std::chrono::seconds{32767};

// Listens on the endpoint alone (an IPv6 wildcard leaves IPv4 out); port 0 takes any free one.
//
// The peer of a connection to it that has been silent for `keepalive` is asked whether it is still
// there, and the connection fails if four such questions, a quarter of that time apart, go
// unanswered (tcp(7), TCP_KEEPIDLE). Both times are rounded up to whole seconds. 0: it is never.
//
// Throws std::system_error with the address and port in its text.
UniqueFd listen_on(const Endpoint& endpoint, int backlog, bool reuse_port,
                   Duration keepalive = Duration{0});

// Whether it is an address of IPv4 that means all hosts of a network, as far as this machine knows:
// one can listen there, and no client can connect.
bool is_broadcast(const Endpoint& endpoint) noexcept;

enum class SocketKind { kListener, kConnection, kSeqpacket, kOther };

// What a descriptor is that has come from elsewhere: a TCP socket that listens, or one that does
// not, connected or not any more; the socket that Handover makes; kOther for whatever else, or
// none.
SocketKind kind_of(int fd) noexcept;

// For a descriptor that was not made so.
void make_nonblocking(int fd) noexcept;
bool is_nonblocking(int fd) noexcept;

// The same for a listener: its other owners may make it blocking again, and accept_from() waits a
// tick of the kernel's at most then (socket(7), SO_RCVTIMEO, which accept(2) heeds on Linux). The
// other function takes that back, for the owner after this one.
void never_wait_to_accept(int listener) noexcept;
void wait_to_accept(int listener) noexcept;

// Has the listener that has come from elsewhere do what listen_on() would have it do.
void set_backlog(int listener, int backlog) noexcept;
void set_keepalive(int listener, Duration keepalive) noexcept;
bool shares_port(int listener) noexcept;

// It listens no more, though others may have it open too, and is not in the way of another one.
void shut_down_listener(int listener) noexcept;

// No client joins those that wait on the listener until they have been accepted. (Linux drops
// requests to connect while more wait than listen(2) allows.)
void let_no_more_wait(int listener) noexcept;

struct Accepted {
  UniqueFd fd;
  Endpoint peer;
  int error = 0;  // An errno value if there is no fd.
};
Accepted accept_from(int listener);

struct Connecting {
  UniqueFd fd;
  int error = 0;  // An errno value if there is no fd.
};
// Starts to connect. Once the socket is writable, take_error() returns how it went (connect(2)).
Connecting connect_to(const Endpoint& endpoint);

// The error that is waiting on the socket, as an errno value; 0 if there is none.
int take_error(int fd) noexcept;

// The socket's own address, and its peer's; no address if the socket has none.
Endpoint local_endpoint(int fd) noexcept;
Endpoint remote_endpoint(int fd) noexcept;

// One recv(2) into the buffer, or recvmsg(2) if there are several parts, filled in their order;
// made again if a signal interrupts it, so that EAGAIN means that nothing is there.
Moved receive(int fd, std::span<iovec> parts) noexcept;
Moved receive(int fd, std::span<char> buffer) noexcept;

// Receives some bytes and throws them away.
Moved discard(int fd) noexcept;

// One send(2), or sendmsg(2) of all the parts. It may take less than they hold. Never raises
// SIGPIPE.
Moved send(int fd, std::span<iovec> parts) noexcept;
Moved send(int fd, std::string_view text) noexcept;

// As many descriptors as one message of a Unix socket carries (unix(7), SCM_MAX_FD).
constexpr std::size_t kMaxInMessage = 253;

// One sendmsg(2) of the message, and with it copies of the descriptors, kMaxInMessage of them at
// most (unix(7), SCM_RIGHTS). Returns 0, or an errno value. Never raises SIGPIPE.
int send_with_descriptors(int fd, msghdr message, std::span<const int> passed, int flags) noexcept;

// How many bytes have come and can be received at once. 0 if the kernel does not say.
std::size_t unread(int fd) noexcept;

// How many of the bytes sent the peer's kernel has not acknowledged yet, EOF counting as one
// (tcp(7), SIOCOUTQ): they are in flight, or the peer does not read. nullopt if the kernel does not
// say.
std::optional<std::size_t> unacknowledged(int fd) noexcept;

// Sends EOF once what was sent has gone out. Receiving goes on (shutdown(2)).
void shut_down_sending(int fd) noexcept;

// Closes so that the peer gets what was sent and EOF. What it has sent meanwhile is read and thrown
// away first, since closing with unread bytes would reset the connection (RFC 2525, section 2.17).
void close_politely(UniqueFd fd) noexcept;

}  // namespace echo
