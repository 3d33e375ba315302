#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/format.h"
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
  std::string to_string() const {
    return std::to_string(open) + " open, " + std::to_string(accepted) + " accepted, " +
           std::to_string(refused) + " refused, " + std::to_string(bytes_in) + " bytes in, " +
           std::to_string(bytes_out) + " bytes out, up " +
           format_duration(std::chrono::floor<std::chrono::seconds>(up));
  }
};

}  // namespace echo
