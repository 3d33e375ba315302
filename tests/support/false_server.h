#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/socket_pair.h"
#include "support/test_peer.h"

// Servers and ports for a client under test.
namespace echo::test {

// The arguments of a client that connects to that port.
inline std::vector<std::string> at_port(std::uint16_t port,
                                        std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), {"--port", std::to_string(port)});
  return arguments;
}

// A server that the test plays, for behaviour that no real server has.
class FalseServer {
 public:
  std::uint16_t port() const { return local_endpoint(listener_.get()).port(); }

  TestPeer accept() {
    if (!wait_readable(listener_.get())) throw std::runtime_error("no client connects");
    return TestPeer(accept_from(listener_.get()).fd);
  }

 private:
  UniqueFd listener_ = listen_on(resolve("127.0.0.1", 0).front(), 5, false);
};

// A port without a listener. It stays bound, so no other process gets it.
class DeadPort {
 public:
  DeadPort() {
    const Endpoint any = resolve("127.0.0.1", 0).front();
    if (::bind(fd_.get(), any.address(), any.length()) != 0) throw std::runtime_error("no port");
  }
  std::uint16_t port() const { return local_endpoint(fd_.get()).port(); }

 private:
  UniqueFd fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

// A port with a full backlog: it never answers a connection attempt.
class SilentPort {
 public:
  SilentPort() {
    for (int i = 0; i < 5; ++i) before_.push_back(connect_to(endpoint()));
  }
  Endpoint endpoint() const { return local_endpoint(listener_.get()); }

 private:
  UniqueFd listener_ = listen_on(resolve("127.0.0.1", 0).front(), 0, false);
  std::vector<Connecting> before_;
};

}  // namespace echo::test
