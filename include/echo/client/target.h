#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/time.h"

namespace echo {

// The server that a client talks to, and how.
struct Target {
  std::string host;
  std::uint16_t port = 0;
  int family = 0;               // AF_UNSPEC, AF_INET or AF_INET6.
  std::size_t connections = 0;  // At least 1.
  Duration timeout{0};          // For connecting and for each answer. 0: none.
  Duration deadline{0};         // For all of it. 0: none.
};

}  // namespace echo
