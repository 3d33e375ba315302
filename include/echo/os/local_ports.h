#pragma once

#include <cstdint>
#include <optional>

namespace echo {

// Returns how many connections one local address can have to one remote address and port
// (ip_local_port_range in ip(7)); nullopt if the kernel does not report it.
std::optional<std::uint64_t> local_ports();

}  // namespace echo
