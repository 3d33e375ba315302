#pragma once

#include <cstddef>

#include "echo/os/unique_fd.h"

namespace echo::test {

// Two sockets, each the other's peer, non-blocking.
struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;
};

// Over socketpair(2): no network, and a small send buffer is really small.
SocketPair make_socket_pair();

// Over TCP on the loopback, for what only TCP has: resets and urgent data.
SocketPair make_tcp_pair();

// Makes close() send a reset in place of EOF.
void reset_on_close(int fd);

// Sends until the socket takes no more. Returns how many bytes it took.
std::size_t fill(int fd);

// Whether it is readable now.
bool is_readable(int fd);

// Waits until the socket is readable (or writable); false if it is not within kPatience.
bool wait_readable(int fd);
bool wait_writable(int fd);

}  // namespace echo::test
