#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"

namespace echo {

// The socket calls. Every socket they create is non-blocking and closed on exec. Connections send
// small messages without delay (TCP_NODELAY). Only listen_on() throws; all other errors are values.

// The result of one call. `error` is 0, or the errno value of a call that moved nothing. No bytes
// and no error mean EOF.
struct Moved {
  std::size_t bytes = 0;
  int error = 0;

  // True if the call must be repeated after the next select().
  bool would_block() const noexcept {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
  }
};

// The maximum of listen_on()'s `keepalive`: Linux's limit for TCP_KEEPIDLE.
constexpr Duration kMaxKeepalive = std::chrono::seconds{32767};

// Listens on this address only (an IPv6 wildcard does not include IPv4); port 0 takes any free
// port.
//
// The kernel sends keepalive probes on an accepted connection after `keepalive` of silence. Four
// unanswered probes, a quarter of that time apart, end the connection. Both times are rounded up to
// whole seconds. 0 disables the probes.
//
// Throws std::system_error with the address and port in its text.
UniqueFd listen_on(const Endpoint& endpoint, int backlog, bool reuse_port,
                   Duration keepalive = Duration{0});

// True for an IPv4 address that this machine knows as a broadcast address: a socket can listen on
// it, but no client can connect.
bool is_broadcast(const Endpoint& endpoint) noexcept;

enum class SocketKind { kListener, kConnection, kSeqpacket, kOther };

// The kind of a descriptor that another process has passed: a TCP listener; a TCP socket that does
// not listen, connected or not; the socket of a Handover; or kOther for anything else.
SocketKind kind_of(int fd) noexcept;

void set_close_on_exec(int fd) noexcept;
// Sets O_NONBLOCK on a descriptor that was created without it.
void make_nonblocking(int fd) noexcept;
bool is_nonblocking(int fd) noexcept;

// Makes a listener non-blocking. Another process that shares it may make it blocking again, so
// accept_from() is also limited to one tick of the kernel (socket(7), SO_RCVTIMEO; Linux applies it
// to accept(2)). unlimit_accept_wait() removes this limit, for the next owner.
void limit_accept_wait(int listener) noexcept;
void unlimit_accept_wait(int listener) noexcept;

// Apply the values of listen_on() to a listener that another process has created.
void set_backlog(int listener, int backlog) noexcept;
void set_keepalive(int listener, Duration keepalive) noexcept;
// True if the listener has SO_REUSEPORT.
bool shares_port(int listener) noexcept;

// Stops the listener for all processes that share it, and frees its port for another listener.
void shut_down_listener(int listener) noexcept;

// Admits no new clients to the backlog while any client waits in it: sets its length to 0. (Linux
// drops connection requests while more clients wait than listen(2) allows.)
void close_backlog(int listener) noexcept;

struct Accepted {
  UniqueFd fd;
  Endpoint peer;
  int error = 0;  // The errno value if there is no fd.
};
Accepted accept_from(int listener);

// The local side of new connections.
struct Origin {
  std::vector<Endpoint> addresses{};  // Used in turn, by family. None: the kernel chooses.
  std::string device{};               // The network interface. Empty: the kernel chooses.
  std::optional<unsigned> dscp{};     // The class of service, 0 to 63 (RFC 2474, section 3).

  // The address for connection `number` to a server of the family; no address if there is none.
  Endpoint address_for(int family, std::uint64_t number) const noexcept;
};

// Throws std::system_error, with the address or the interface in its text, if a connection cannot
// come from there.
void check_origin(const Origin& origin);

struct Connecting {
  UniqueFd fd;
  int error = 0;  // The errno value if there is no fd.
};
// Starts to connect. If all ports of the local address are in use, tries the other ones. The error
// is EMFILE also if select() cannot take the descriptor. Once the socket is writable, take_error()
// returns the result (connect(2)).
Connecting connect_to(const Endpoint& endpoint, const Origin& origin = {},
                      std::uint64_t number = 0);

// Returns the pending error of the socket, as an errno value, and clears it; 0 if there is none.
int take_error(int fd) noexcept;

// The socket's own address, and its peer's; no address if there is none.
Endpoint local_endpoint(int fd) noexcept;
Endpoint remote_endpoint(int fd) noexcept;

// A message for sendmsg(2) or recvmsg(2) that consists of the parts, and its control data.
msghdr message_of(std::span<iovec> parts) noexcept;
void set_control(msghdr& message, void* control, std::size_t length) noexcept;

// Calls recv(2) once, or recvmsg(2) for several parts, which it fills in order. Repeats the call if
// a signal interrupts it, so EAGAIN means that there is no input.
Moved receive(int fd, std::span<iovec> parts) noexcept;
Moved receive(int fd, std::span<char> buffer) noexcept;

// Receives some bytes and discards them.
Moved discard(int fd) noexcept;

// Calls send(2) once, or sendmsg(2) for several parts. It may send less than all. Never raises
// SIGPIPE on a socket of create_socket() or accept_socket().
Moved send(int fd, std::span<iovec> parts) noexcept;
Moved send(int fd, std::string_view text) noexcept;

// The maximum number of descriptors in one message of a Unix socket (unix(7), SCM_MAX_FD).
constexpr std::size_t kMaxInMessage = 253;

// Sends the message with copies of at most kMaxInMessage descriptors with one sendmsg(2) (unix(7),
// SCM_RIGHTS). Returns 0, or an errno value. Never raises SIGPIPE.
int send_with_descriptors(int fd, msghdr message, std::span<const int> passed, int flags) noexcept;

// Returns how many received bytes are waiting; 0 if the kernel does not report it.
std::size_t unread(int fd) noexcept;

// Sends EOF after the bytes that are already sent. Receiving still works (shutdown(2)).
void shut_down_sending(int fd) noexcept;

// Closes so that the peer receives all sent bytes and EOF. Discards unread input first, up to a
// limit, because closing with unread bytes resets the connection (RFC 2525, section 2.17).
void close_politely(UniqueFd fd) noexcept;

}  // namespace echo
