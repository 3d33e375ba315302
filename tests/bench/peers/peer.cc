#include "bench/peers/peer.h"

#include <sys/socket.h>

#include <iostream>
#include <utility>

#include "echo/os/endpoint.h"
#include "echo/os/socket.h"

namespace echo::bench {

UniqueFd open_listener() {
  UniqueFd listener = listen_on(resolve("127.0.0.1", 0).front(), SOMAXCONN, false);
  const auto port = local_endpoint(listener.get()).port();
  std::cerr << "listening on 127.0.0.1 port " << port << std::endl;
  return listener;
}

UniqueFd accept_client(int listener) { return std::move(accept_from(listener).fd); }

}  // namespace echo::bench
