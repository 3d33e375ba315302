#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "echo/base/time.h"
#include "echo/os/unique_fd.h"

namespace echo {

// What systems do in different ways, or only some of them at all. Each function has two versions:
// platform_linux.cc uses what Linux adds to POSIX, platform_posix.cc works on any POSIX system.
// CMake chooses one (ECHO_POSIX_ONLY); the same holds for SignalDrivenIo and Handover.

// True if this build uses no extension of Linux.
bool is_posix_only() noexcept;

// The highest descriptor that select() accepts.
int max_select_fd() noexcept;

// Creates a socket that is non-blocking and closed on exec. Returns an empty UniqueFd on an error,
// which is in errno.
UniqueFd create_socket(int family, int type) noexcept;
// As accept(2), for such a socket.
UniqueFd accept_socket(int listener, sockaddr* peer, socklen_t* length) noexcept;

// The flag that keeps send(2) from raising SIGPIPE; 0 if the sockets above have an option for that.
extern const int kNoSigpipe;

// Lets connect(2) choose the port of a socket to which bind(2) gives only an address. The port may
// then be that of a connection to another server, too.
void share_ports_by_peer(int fd) noexcept;
// Sends and receives only on the interface. Returns false on an error, which is in errno.
bool bind_to_interface(int fd, int family, const std::string& name) noexcept;

// True if accept(2) has failed because of one client or a signal: the listener still works.
bool is_client_error(int error) noexcept;

// Sets the seconds of silence before the first keepalive probe and between the probes, and the
// number of probes. Returns false on an error, which is in errno. A system may lack some of these
// settings and use its own values.
bool set_keepalive_times(int fd, int silence, int interval, int probes) noexcept;

// Returns how many sent bytes the peer's kernel has not acknowledged yet: bytes in flight, or bytes
// that the peer does not read. EOF may count as one. nullopt if the kernel does not report it.
std::optional<std::size_t> unacknowledged(int fd) noexcept;

// Opens the file behind the descriptor again, for writing without blocking. Returns an empty
// UniqueFd if that fails, for example because the file belongs to another user, or is a pipe on a
// system without /proc.
//
// A terminal or a pipe that select() reports writable may take only a part of a line, and a
// blocking write() waits for the rest. Setting O_NONBLOCK would affect all processes that share the
// descriptor, such as the user's shell; opening the file again does not.
UniqueFd reopen_nonblocking(int fd);

// Asks the kernel to end a sleep in time, and not to delay it in order to save energy.
void use_precise_timers() noexcept;

// Returns how many connections one local address can have to one remote address and port; nullopt
// if the kernel does not report it.
std::optional<std::uint64_t> local_ports();

// What TCP knows of the path of a connection.
struct PathInfo {
  std::uint64_t retransmits = 0;        // Segments that were sent again, so far.
  Duration round_trip{0};               // The smoothed round-trip time (RFC 6298). 0: unknown yet.
  std::uint64_t congestion_window = 0;  // In segments.
};

// Returns nullopt if the kernel does not report it.
std::optional<PathInfo> path_info(int fd) noexcept;

// How long the process was ready to run but waited for a processor, and how many times it got one.
struct ProcessorWait {
  Duration time{0};
  std::uint64_t turns = 0;
};

// Returns the totals since the process began; nullopt if the kernel does not report them.
std::optional<ProcessorWait> processor_wait();

}  // namespace echo
