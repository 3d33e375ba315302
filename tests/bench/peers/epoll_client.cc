// A minimal client with level-triggered epoll(7): a closed loop that checks and measures nothing.
// It shows the cost of the system calls alone.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "bench/peers/peer.h"
#include "echo/base/usage_error.h"
#include "echo/cli/options.h"
#include "echo/cli/program.h"
#include "echo/os/endpoint.h"
#include "echo/os/log.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/socket_pair.h"

namespace echo::bench {
namespace {

struct Task {
  std::uint16_t port;
  std::size_t connections;
  std::size_t idle;
  std::uint64_t messages;  // Per connection.
  std::size_t bytes;       // Per message.
  std::uint64_t depth;     // Messages in flight per connection.
};

class EpollClient {
 public:
  explicit EpollClient(const Task& task)
      : task_(task), out_(task.bytes * task.depth, 'x'), connections_(task.connections) {
    const Endpoint server = resolve("127.0.0.1", task.port).front();
    for (std::size_t i = 0; i < task.idle; ++i)
      watch(idle_.emplace_back(connect(server)).get(), -1);
    for (std::size_t i = 0; i < task.connections; ++i) {
      connections_[i].fd = connect(server);
      watch(connections_[i].fd.get(), static_cast<int>(i));
    }
  }

  void run() {
    for (Connection& connection : connections_) {
      send(connection, std::min(task_.depth, task_.messages));
    }
    while (over_ < connections_.size()) {
      const int ready =
          ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), -1);
      for (int i = 0; i < ready; ++i) {
        const int place = events_.at(static_cast<std::size_t>(i)).data.fd;
        if (place < 0)
          throw std::runtime_error("the server closed an idle connection or sent bytes on it");
        handle(connections_[static_cast<std::size_t>(place)]);
      }
    }
  }

 private:
  struct Connection {
    UniqueFd fd;
    std::uint64_t sent = 0;      // Messages.
    std::uint64_t received = 0;  // Bytes.
    std::uint64_t back = 0;      // Messages.
  };

  static UniqueFd connect(const Endpoint& server) {
    Connecting connecting = connect_to(server);
    if (connecting.error == 0 && test::wait_writable(connecting.fd.get())) {
      connecting.error = take_error(connecting.fd.get());
    }
    if (connecting.error != 0) {
      throw std::system_error(connecting.error, std::generic_category(), "connect");
    }
    return std::move(connecting.fd);
  }

  void watch(int fd, int place) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = place}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
  }

  // The messages in flight fit into the socket buffers, so send() never has to wait.
  void send(Connection& connection, std::uint64_t messages) {
    connection.sent += messages;
    const std::string_view text = std::string_view(out_).substr(0, messages * task_.bytes);
    if (!text.empty() && echo::send(connection.fd.get(), text).bytes != text.size()) {
      throw std::runtime_error("the socket buffer is too small for the messages in flight");
    }
  }

  void handle(Connection& connection) {
    const Moved moved = receive(connection.fd.get(), buffer_);
    if (moved.bytes == 0) throw std::runtime_error("the server closed the connection or failed");
    connection.received += moved.bytes;
    const std::uint64_t answers = connection.received / task_.bytes - connection.back;
    connection.back += answers;
    if (connection.back == task_.messages) ++over_;
    send(connection, std::min(answers, task_.messages - connection.sent));
  }

  const Task task_;
  const std::string out_;
  UniqueFd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  std::vector<UniqueFd> idle_;
  std::vector<Connection> connections_;
  std::size_t over_ = 0;
  std::array<epoll_event, 512> events_{};
  std::array<char, kChunk> buffer_{};
};

constexpr const char* kName = "epoll_client";

int run_client(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 6) throw UsageError("PORT CONNECTIONS IDLE MESSAGES BYTES DEPTH");
  const auto number = [&](std::size_t place, std::uint64_t least) {
    return OptionValue{kName, words[place]}.whole_number(least, 1'000'000'000);
  };
  Log log(STDERR_FILENO, LogLevel::kWarning, Log::Mode::kTool);
  raise_descriptor_limit(log);
  EpollClient client({.port = OptionValue{kName, words[0]}.port(),
                      .connections = number(1, 1),
                      .idle = number(2, 0),
                      .messages = number(3, 1),
                      .bytes = number(4, 1),
                      .depth = number(5, 1)});
  client.run();
  return 0;
}

}  // namespace
}  // namespace echo::bench

int main(int argc, char** argv) {
  using echo::bench::kName;
  return echo::run_program(kName, [&] { return echo::bench::run_client(argc, argv); });
}
