#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/time.h"

namespace echo {

// What SIGUSR1 has logged.
struct Statistics {
  std::size_t open = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  Duration up{0};

  // "1 open, 2 accepted, 0 refused, 5 bytes in, 5 bytes out, up 1m30s".
  std::string to_string() const;
};

}  // namespace echo
