#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/time.h"

namespace echo {

// The server that a client talks to, and how.
struct Target {
  std::string host = "localhost";
  std::uint16_t port = 10000;
  int family = AF_UNSPEC;                       // Or AF_INET or AF_INET6.
  std::size_t connections = 1;                  // At least 1.
  Duration timeout = std::chrono::seconds{10};  // For connecting and for each answer. 0: none.
  Duration deadline{0};                         // For all of it. 0: none.

  // How much longer a reader has for what is printed at the end.
  static constexpr Duration kReaderTimeout = std::chrono::seconds{2};
};

}  // namespace echo
