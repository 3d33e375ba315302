#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"

namespace echo {

// The addresses of one host name.
using Addresses = std::vector<Endpoint>;

struct ListenSettings {
  std::vector<Addresses> hosts;
  std::uint16_t port = 10000;  // 0: any free one, the same for every address.
  // listen(2)'s; Linux cuts it to net.core.somaxconn, whose default this is.
  int backlog = 4096;
  bool reuse_port = false;  // Share the port with other processes that ask for it too.
  // As listen_on() takes it. RFC 1122, section 4.2.3.6, recommends two hours, to spare connections
  // a passing failure; here a descriptor is worth more than an idle connection.
  Duration keepalive = std::chrono::minutes{2};
};

// What the command line sets, with its defaults.
struct ServerSettings {
  ListenSettings listen;
  std::size_t max_connections = 0;       // More are refused. 0: only the descriptors limit them.
  std::size_t max_per_host = 0;          // The same for the connections of one host. 0: no limit.
  std::size_t max_queue = 256UL * 1024;  // The most pending bytes of one connection; at least 1.
  Duration idle_timeout{0};              // Connections without a byte for it are closed. 0: never.
  Duration drain_timeout = std::chrono::seconds{5};  // How long a stop waits for pending bytes.
};

}  // namespace echo
