#pragma once

#include <cstdint>
#include <optional>

namespace echo {

// How many connections one address of this machine can have to one address and port elsewhere
// (ip_local_port_range in ip(7)); nullopt if the kernel does not say.
std::optional<std::uint64_t> local_ports();

}  // namespace echo
