#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/time.h"
#include "echo/os/socket.h"

namespace echo {

// The server to connect to, and how.
struct Target {
  std::string host = "localhost";
  std::uint16_t port = 10000;
  int family = AF_UNSPEC;                       // AF_INET or AF_INET6 to use only that family.
  std::size_t connections = 1;                  // At least 1.
  bool all_addresses = false;                   // That many to each address of the host.
  Origin origin{};                              // The local side.
  Duration timeout = std::chrono::seconds{10};  // For connecting and for each answer. 0: none.
  Duration deadline{0};                         // For the whole run. 0: none.

  // After the end of the run, the reader of standard output has this time to take the results.
  static constexpr Duration kReaderTimeout = std::chrono::seconds{2};
};

}  // namespace echo
