#pragma once

#include <cstddef>

#include "echo/os/unique_fd.h"

namespace echo::bench {

// The size of one read, in bytes, the same for all peers.
constexpr std::size_t kChunk = 65536;

// Opens a non-blocking listener on a free port of 127.0.0.1, and prints
// `listening on 127.0.0.1 port N` to standard error.
UniqueFd open_listener();

// Accepts a client. Its socket is non-blocking and has TCP_NODELAY. Empty if no client waits.
UniqueFd accept_client(int listener);

}  // namespace echo::bench
