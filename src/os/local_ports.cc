#include "echo/os/local_ports.h"

#include <fstream>

namespace echo {

std::optional<std::uint64_t> local_ports() {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (!(file >> first >> last) || last < first) return std::nullopt;
  return last - first + 1;
}

}  // namespace echo
