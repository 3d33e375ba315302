#pragma once

#include <cstddef>

#include "echo/os/unique_fd.h"

namespace echo::test {

// Two connected, non-blocking sockets.
struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;
};

// A pair by socketpair(2): without a network, a small send buffer is really small.
SocketPair make_socket_pair();

// A pair over TCP on the loopback, for resets and urgent data.
SocketPair make_tcp_pair();

// Makes close() send a reset instead of EOF.
void reset_on_close(int fd);

// Sends until the socket accepts no more. Returns the number of bytes sent.
std::size_t fill(int fd);

// Returns how many sent bytes the peer's kernel has not acknowledged yet. Throws std::system_error.
std::size_t bytes_in_flight(int fd);

// True if the socket is readable now.
bool is_readable(int fd);

// Waits until the socket is readable (or writable). False if it is not within kPatience.
bool wait_readable(int fd);
bool wait_writable(int fd);

}  // namespace echo::test
