#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "echo/log.h"
#include "echo/unique_fd.h"

namespace echo {

struct ListenSettings {
  std::vector<std::string> hosts;  // Names, numeric addresses, or "*": resolve() takes them.
  std::uint16_t port = 0;          // 0: any free one, the same for every address.
  int backlog = 0;                 // listen(2)'s; the system cuts it to net.core.somaxconn.
  bool reuse_port = false;         // Share the port with other processes that ask for it too.
};

// Listens on every address of every host, once, and logs each: `starting up on ADDR port PORT`.
// What a wildcard among them takes in is not listened on besides. An address that this machine does
// not have is a warning while another one of the same host has been had. Throws std::system_error,
// with the host or the address and port in its text, where a host has no address, or an address
// cannot be listened on for another reason.
std::vector<UniqueFd> open_listeners(const ListenSettings& settings, Log& log);

}  // namespace echo
