#include "echo/server/statistics.h"

#include <chrono>

#include "echo/base/format.h"

namespace echo {

std::string Statistics::to_string() const {
  return std::to_string(open) + " open, " + std::to_string(accepted) + " accepted, " +
         std::to_string(refused) + " refused, " + std::to_string(bytes_in) + " bytes in, " +
         std::to_string(bytes_out) + " bytes out, up " +
         format_duration(std::chrono::floor<std::chrono::seconds>(up));
}

}  // namespace echo
