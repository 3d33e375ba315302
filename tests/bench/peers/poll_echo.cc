// The loop of epoll_echo.cc with poll(2).
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "bench/peers/peer.h"
#include "echo/cli/program.h"
#include "echo/os/unique_fd.h"

namespace echo::bench {
namespace {

class PollEcho {
 public:
  PollEcho() { entries_.push_back({.fd = listener_.get(), .events = POLLIN, .revents = 0}); }

  void turn() {
    int ready = ::poll(entries_.data(), entries_.size(), -1);
    // Backwards: remove() replaces an entry by the last one, which has been handled already.
    for (std::size_t i = entries_.size() - 1; i > 0 && ready > 0; --i) {
      if (entries_[i].revents == 0) continue;
      --ready;
      if (!handle(entries_[i], clients_[i - 1])) remove(i);
    }
    if (ready > 0) accept_all();
  }

 private:
  struct Client {
    UniqueFd fd;
    std::string rest;  // Bytes not sent yet.
  };

  // These functions return false if the client must be removed.
  bool handle(pollfd& entry, Client& client) {
    return client.rest.empty() ? echo(entry, client) : send_rest(entry, client);
  }

  bool echo(pollfd& entry, Client& client) {
    const ssize_t received = ::recv(entry.fd, buffer_.data(), buffer_.size(), 0);
    if (received <= 0) return received < 0 && errno == EAGAIN;
    ssize_t sent =
        ::send(entry.fd, buffer_.data(), static_cast<std::size_t>(received), MSG_NOSIGNAL);
    if (sent == received) return true;
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent < 0) sent = 0;
    client.rest.assign(buffer_.data() + sent, static_cast<std::size_t>(received - sent));
    entry.events = POLLOUT;
    return true;
  }

  bool send_rest(pollfd& entry, Client& client) {
    const ssize_t sent = ::send(entry.fd, client.rest.data(), client.rest.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    client.rest.erase(0, static_cast<std::size_t>(sent));
    if (client.rest.empty()) entry.events = POLLIN;
    return true;
  }

  void accept_all() {
    while (UniqueFd fd = accept_client(listener_.get())) {
      entries_.push_back({.fd = fd.get(), .events = POLLIN, .revents = 0});
      clients_.push_back({.fd = std::move(fd), .rest = {}});
    }
  }

  void remove(std::size_t i) {
    entries_[i] = entries_.back();
    entries_.pop_back();
    std::swap(clients_[i - 1], clients_.back());
    clients_.pop_back();
  }

  UniqueFd listener_ = open_listener();
  std::vector<pollfd> entries_;  // The listener's entry, then one per client.
  std::vector<Client> clients_;
  std::array<char, kChunk> buffer_{};
};

int serve() {
  PollEcho server;
  for (;;) server.turn();
}

}  // namespace
}  // namespace echo::bench

int main() { return echo::run_program("poll_echo", &echo::bench::serve); }
