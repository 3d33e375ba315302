// The textbook's select() loop: copies of the sets each turn, a queue of strings for each client,
// and data goes back once the socket is writable.
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "bench/peers/peer.h"
#include "echo/cli/program.h"
#include "echo/os/unique_fd.h"

namespace echo::bench {
namespace {

// An fd_set beyond the 1,024 descriptors of glibc's: the Linux system call takes any number.
class Set {
 public:
  void resize(int descriptors) { words_.resize(place_of(descriptors - 1) + 1); }
  void insert(int fd) { words_[place_of(fd)] |= bit_of(fd); }
  void erase(int fd) { words_[place_of(fd)] &= ~bit_of(fd); }
  bool contains(int fd) const { return (words_[place_of(fd)] & bit_of(fd)) != 0; }
  fd_set* native() { return reinterpret_cast<fd_set*>(words_.data()); }

 private:
  using Word = unsigned long;
  static constexpr int kBits = sizeof(Word) * CHAR_BIT;

  static std::size_t place_of(int fd) { return static_cast<std::size_t>(fd) / kBits; }
  static Word bit_of(int fd) { return Word{1} << (fd % kBits); }

  std::vector<Word> words_;
};

class SelectEcho {
 public:
  SelectEcho() { add(listener_.get()); }

  void turn() {
    Set readable = inputs_;
    Set writable = outputs_;
    Set exceptional = inputs_;
    const int end = end_;
    ::select(end, readable.native(), writable.native(), exceptional.native(), nullptr);
    for (int fd = 0; fd < end; ++fd) {
      if (readable.contains(fd)) handle_readable(fd);
      if (writable.contains(fd) && outputs_.contains(fd)) send_next(fd);
      if (exceptional.contains(fd)) remove(fd);
    }
  }

 private:
  struct Client {
    UniqueFd fd;
    std::deque<std::string> queue;
  };

  Client& client_at(int fd) { return clients_[static_cast<std::size_t>(fd)]; }

  void add(int fd) {
    end_ = std::max(end_, fd + 1);
    inputs_.resize(end_);
    outputs_.resize(end_);
    clients_.resize(static_cast<std::size_t>(end_));
    inputs_.insert(fd);
  }

  void remove(int fd) {
    inputs_.erase(fd);
    outputs_.erase(fd);
    client_at(fd) = {};
  }

  void handle_readable(int fd) {
    if (fd == listener_.get()) {
      accept_one();
    } else {
      receive(fd);
    }
  }

  void accept_one() {
    UniqueFd fd = accept_client(listener_.get());
    if (!fd) return;
    add(fd.get());
    client_at(fd.get()).fd = std::move(fd);
  }

  void receive(int fd) {
    const ssize_t received = ::recv(fd, buffer_.data(), buffer_.size(), 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
      remove(fd);
      return;
    }
    client_at(fd).queue.emplace_back(buffer_.data(), static_cast<std::size_t>(received));
    outputs_.insert(fd);
  }

  void send_next(int fd) {
    std::deque<std::string>& queue = client_at(fd).queue;
    std::string& next = queue.front();
    const ssize_t sent = ::send(fd, next.data(), next.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) {
      remove(fd);
      return;
    }
    next.erase(0, static_cast<std::size_t>(sent));
    if (next.empty()) queue.pop_front();
    if (queue.empty()) outputs_.erase(fd);
  }

  UniqueFd listener_ = open_listener();
  int end_ = 0;  // One more than the highest descriptor.
  Set inputs_;
  Set outputs_;
  std::vector<Client> clients_;  // By their descriptors.
  std::array<char, kChunk> buffer_{};
};

int serve() {
  SelectEcho server;
  for (;;) server.turn();
}

}  // namespace
}  // namespace echo::bench

int main() { return echo::run_program("select_echo", &echo::bench::serve); }
