// A minimal echo server with level-triggered epoll(7). It shows the cost of the system calls alone.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bench/peers/peer.h"
#include "echo/cli/program.h"
#include "echo/os/unique_fd.h"

namespace echo::bench {
namespace {

class EpollEcho {
 public:
  EpollEcho() { watch(EPOLL_CTL_ADD, listener_.get(), EPOLLIN); }

  void turn() {
    const int ready =
        ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), -1);
    for (int i = 0; i < ready; ++i) handle(events_[static_cast<std::size_t>(i)]);
  }

 private:
  struct Client {
    UniqueFd fd;
    std::string rest;  // Bytes not sent yet.
  };

  void watch(int operation, int fd, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.fd = fd}};
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
  }

  void handle(const epoll_event& event) {
    if (event.data.fd == listener_.get()) {
      accept_all();
      return;
    }
    Client& client = clients_[static_cast<std::size_t>(event.data.fd)];
    if (client.rest.empty()) {
      echo(client);
    } else {
      send_rest(client);
    }
  }

  void accept_all() {
    while (UniqueFd fd = accept_client(listener_.get())) {
      const auto place = static_cast<std::size_t>(fd.get());
      if (place >= clients_.size()) clients_.resize(place + 1);
      watch(EPOLL_CTL_ADD, fd.get(), EPOLLIN);
      clients_[place].fd = std::move(fd);
    }
  }

  void echo(Client& client) {
    const ssize_t received = ::recv(client.fd.get(), buffer_.data(), buffer_.size(), 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
      client.fd.reset();
      return;
    }
    ssize_t sent =
        ::send(client.fd.get(), buffer_.data(), static_cast<std::size_t>(received), MSG_NOSIGNAL);
    if (sent == received) return;
    if (sent < 0 && errno != EAGAIN) {
      client.fd.reset();
      return;
    }
    if (sent < 0) sent = 0;
    client.rest.assign(buffer_.data() + sent, static_cast<std::size_t>(received - sent));
    watch(EPOLL_CTL_MOD, client.fd.get(), EPOLLOUT);
  }

  void send_rest(Client& client) {
    const ssize_t sent =
        ::send(client.fd.get(), client.rest.data(), client.rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) {
      client = {};
      return;
    }
    client.rest.erase(0, static_cast<std::size_t>(sent));
    if (client.rest.empty()) watch(EPOLL_CTL_MOD, client.fd.get(), EPOLLIN);
  }

  UniqueFd listener_ = open_listener();
  UniqueFd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  std::vector<Client> clients_;  // Indexed by descriptor.
  std::array<epoll_event, 512> events_{};
  std::array<char, kChunk> buffer_{};
};

int serve() {
  EpollEcho server;
  for (;;) server.turn();
}

}  // namespace
}  // namespace echo::bench

int main() { return echo::run_program("epoll_echo", &echo::bench::serve); }
