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
  std::uint16_t port = 10000;  // 0: any free port, the same for all addresses.
  // For listen(2). Linux limits it to net.core.somaxconn, whose default is the same.
  int backlog = 4096;
  bool reuse_port = false;  // Other processes that also set SO_REUSEPORT may share the port.
  // For listen_on(). RFC 1122, section 4.2.3.6, requires a default of at least two hours, so that a
  // passing failure breaks no connection; here a free descriptor matters more than an idle
  // connection.
  Duration keepalive = std::chrono::minutes{2};
};

// The settings of the command line, with their defaults.
struct ServerSettings {
  ListenSettings listen;
  std::size_t max_connections = 0;       // More are refused. 0: limited by descriptors only.
  std::size_t max_per_host = 0;          // Per host; more are refused. 0: no limit.
  std::size_t max_queue = 256UL * 1024;  // Maximum of pending bytes per connection; at least 1.
  Duration idle_timeout{0};              // Connections idle for this time are closed. 0: never.
  Duration drain_timeout = std::chrono::seconds{5};  // How long a drain waits for clients.
};

}  // namespace echo
