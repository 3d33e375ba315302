#pragma once

#include <cstddef>

#include "echo/os/unique_fd.h"

namespace echo::bench {

// What all peers read at once.
constexpr std::size_t kChunk = 65536;

// A non-blocking listener on a free port of 127.0.0.1. Its line, `listening on 127.0.0.1 port N`,
// has been printed to standard error.
UniqueFd open_listener();

// The next client, whose socket is non-blocking and sends small messages at once; none where nobody
// waits.
UniqueFd accept_client(int listener);

}  // namespace echo::bench
