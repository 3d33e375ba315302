// An echo server with libevent. Each client is a bufferevent whose input moves to its output.
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <memory>

#include "bench/peers/peer.h"
#include "echo/cli/program.h"
#include "echo/os/unique_fd.h"

namespace echo::bench {
namespace {

void handle_read(bufferevent* client, void* /*context*/) {
  evbuffer_add_buffer(bufferevent_get_output(client), bufferevent_get_input(client));
}

void handle_event(bufferevent* client, short events, void* /*context*/) {
  if ((events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) bufferevent_free(client);
}

void handle_connection(evconnlistener* listener, evutil_socket_t fd, sockaddr* /*address*/,
                       int /*length*/, void* /*context*/) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  bufferevent* const client =
      bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
  bufferevent_setcb(client, &handle_read, nullptr, &handle_event, nullptr);
  bufferevent_set_max_single_read(client, kChunk);
  bufferevent_set_max_single_write(client, kChunk);
  bufferevent_enable(client, EV_READ | EV_WRITE);
}

int serve() {
  using Base = std::unique_ptr<event_base, decltype(&event_base_free)>;
  using Listener = std::unique_ptr<evconnlistener, decltype(&evconnlistener_free)>;
  UniqueFd fd = open_listener();
  const Base base(event_base_new(), &event_base_free);
  // Backlog 0: the socket listens already.
  const Listener listener(evconnlistener_new(base.get(), &handle_connection, nullptr,
                                             LEV_OPT_CLOSE_ON_FREE, 0, fd.release()),
                          &evconnlistener_free);
  return event_base_dispatch(base.get());
}

}  // namespace
}  // namespace echo::bench

int main() { return echo::run_program("libevent_echo", &echo::bench::serve); }
