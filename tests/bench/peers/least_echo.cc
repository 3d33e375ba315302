// The least that a server with the calls of echo_server can cost: select() for the outputs, send(),
// select() for the inputs, recv(). It has no limits, no timeouts, no log, and one buffer per
// connection, into which it receives only while it is empty.
//
// An idle connection has a high number and waits for its first event (signal_driven_io.h). From
// then on it has a low number and is in every call to select(). So this is a measure only for loads
// whose busy connections stay the same.
#include <fcntl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/peers/peer.h"
#include "echo/cli/program.h"
#include "echo/loop/quiet_set.h"
#include "echo/os/fd_set.h"
#include "echo/os/signal_driven_io.h"
#include "echo/os/unique_fd.h"

namespace echo::bench {
namespace {

// About as much as echo_server receives at a time.
constexpr std::size_t kMaxReceived = 262'144;
constexpr int kFirstIdle = QuietSet::kFirstIdle;

class LeastEcho {
 public:
  LeastEcho() {
    inputs_.insert(listener_.get());
    if (events_.fd() >= 0) inputs_.insert(events_.fd());
  }

  void turn() {
    if (!outputs_.empty()) ask_about_outputs();
    readable_ = inputs_;
    exceptional_ = inputs_;
    writable_ = outputs_;
    const int nfds = std::max(inputs_.nfds(), outputs_.nfds());
    fd_set* const outputs = outputs_.empty() ? nullptr : writable_.native();
    if (::select(nfds, readable_.native(), outputs, exceptional_.native(), nullptr) < 0) return;
    for (const int fd : readable_) handle_readable(fd);
    for (const int fd : writable_) send_pending(fd);
    for (const int fd : exceptional_) close(fd);
  }

 private:
  struct Client {
    UniqueFd fd;
    std::string buffer;
    std::string_view pending;
  };

  void ask_about_outputs() {
    writable_ = outputs_;
    timeval now{};
    if (::select(writable_.nfds(), nullptr, writable_.native(), nullptr, &now) < 0) return;
    for (const int fd : writable_) send_pending(fd);
  }

  void handle_readable(int fd) {
    if (fd == listener_.get()) {
      accept_all();
    } else if (fd == events_.fd()) {
      take_events();
    } else {
      receive(fd);
    }
  }

  void take_events() {
    if (events_.take([this](int idle) { activate(idle); })) return;
    for (std::size_t fd = kFirstIdle; fd < clients_.size(); ++fd) {
      const int idle = clients_[fd].fd.get();
      if (has_input(idle)) activate(idle);
    }
  }

  void accept_all() {
    while (UniqueFd fd = accept_client(listener_.get())) {
      UniqueFd idle(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstIdle));
      // Input that has come already causes no event.
      if (!idle || !events_.arm(idle.get()) || has_input(idle.get())) {
        add(std::move(fd));
      } else {
        client(idle.get()).fd = std::move(idle);
      }
    }
  }

  static bool has_input(int fd) {
    char byte = 0;
    return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno == ECONNRESET;
  }

  void activate(int fd) {
    if (inputs_.contains(fd) || outputs_.contains(fd)) return;
    const Client idle = std::exchange(client(fd), {});
    if (!idle.fd) return;
    SignalDrivenIo::disarm(fd);
    UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (copy) add(std::move(copy));
  }

  void add(UniqueFd fd) {
    const int number = fd.get();
    inputs_.insert(number);
    for (FdSet* set : {&readable_, &writable_, &exceptional_}) set->reserve(number + 1);
    client(number) = {
        .fd = std::move(fd), .buffer = std::string(kMaxReceived, '\0'), .pending = {}};
  }

  void receive(int fd) {
    Client& from = client(fd);
    const ssize_t received = ::recv(fd, from.buffer.data(), from.buffer.size(), 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
      close(fd);
      return;
    }
    from.pending = std::string_view(from.buffer).substr(0, static_cast<std::size_t>(received));
    inputs_.erase(fd);
    outputs_.insert(fd);
  }

  void send_pending(int fd) {
    Client& to = client(fd);
    const ssize_t sent = ::send(fd, to.pending.data(), to.pending.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) {
      close(fd);
      return;
    }
    to.pending.remove_prefix(static_cast<std::size_t>(sent));
    if (!to.pending.empty()) return;
    outputs_.erase(fd);
    inputs_.insert(fd);
  }

  void close(int fd) {
    for (FdSet* set : {&inputs_, &outputs_, &writable_, &exceptional_}) set->erase(fd);
    client(fd) = {};
  }

  Client& client(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= clients_.size()) clients_.resize(index + 1);
    return clients_[index];
  }

  UniqueFd listener_ = open_listener();
  SignalDrivenIo events_;
  FdSet inputs_;
  FdSet outputs_;
  FdSet readable_;
  FdSet writable_;
  FdSet exceptional_;
  std::vector<Client> clients_;  // Indexed by descriptor.
};

int serve() {
  LeastEcho server;
  for (;;) server.turn();
}

}  // namespace
}  // namespace echo::bench

int main() { return echo::run_program("least_echo", &echo::bench::serve); }
