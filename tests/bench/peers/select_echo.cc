// Read this first: the complete select() loop of the textbooks.
//
// `inputs_` contains the listener and all clients. `outputs_` contains the clients with pending
// messages in their queues. In each turn select() reports which inputs are readable, which outputs
// are writable, and which inputs are in an exceptional state. Received bytes go into the message
// queue of the client. They go back once select() reports the socket writable.
//
// src/server/server.cc is the same loop with everything that a service needs. The benchmark runs
// this server too.
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

// An fd_set without glibc's limit of 1,024 descriptors: the Linux system call accepts any number.
class Set {
 public:
  void resize(int descriptors) { words_.resize(word_of(descriptors - 1) + 1); }
  void insert(int fd) { words_[word_of(fd)] |= bit_of(fd); }
  void erase(int fd) { words_[word_of(fd)] &= ~bit_of(fd); }
  bool contains(int fd) const { return (words_[word_of(fd)] & bit_of(fd)) != 0; }
  fd_set* native() { return reinterpret_cast<fd_set*>(words_.data()); }

 private:
  using Word = unsigned long;
  static constexpr int kBits = sizeof(Word) * CHAR_BIT;

  static std::size_t word_of(int fd) { return static_cast<std::size_t>(fd) / kBits; }
  static Word bit_of(int fd) { return Word{1} << (fd % kBits); }

  std::vector<Word> words_;
};

class SelectEcho {
 public:
  SelectEcho() { add_input(listener_.get()); }

  void turn() {
    Set readable = inputs_;
    Set writable = outputs_;
    Set exceptional = inputs_;
    const int end = end_;
    if (::select(end, readable.native(), writable.native(), exceptional.native(), nullptr) < 0) {
      return;
    }

    for (int s = 0; s < end; ++s) {
      if (!readable.contains(s)) continue;
      if (s == listener_.get()) {
        accept();
      } else {
        receive(s);
      }
    }
    for (int s = 0; s < end; ++s) {
      // The client may have been removed while it was readable.
      if (writable.contains(s) && outputs_.contains(s)) send_next(s);
    }
    for (int s = 0; s < end; ++s) {
      if (exceptional.contains(s)) forget(s);
    }
  }

 private:
  void accept() {
    UniqueFd client = accept_client(listener_.get());
    if (!client) return;
    const int s = client.get();
    add_input(s);
    clients_[index_of(s)] = std::move(client);
  }

  void receive(int s) {
    const ssize_t received = ::recv(s, buffer_.data(), buffer_.size(), 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
      forget(s);
      return;
    }
    message_queues_[index_of(s)].emplace_back(buffer_.data(), static_cast<std::size_t>(received));
    outputs_.insert(s);
  }

  void send_next(int s) {
    std::deque<std::string>& queue = message_queues_[index_of(s)];
    std::string& next_message = queue.front();
    const ssize_t sent = ::send(s, next_message.data(), next_message.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) {
      forget(s);
      return;
    }
    next_message.erase(0, static_cast<std::size_t>(sent));
    if (next_message.empty()) queue.pop_front();
    if (queue.empty()) outputs_.erase(s);
  }

  void add_input(int s) {
    end_ = std::max(end_, s + 1);
    inputs_.resize(end_);
    outputs_.resize(end_);
    clients_.resize(index_of(end_));
    message_queues_.resize(index_of(end_));
    inputs_.insert(s);
  }

  void forget(int s) {
    inputs_.erase(s);
    outputs_.erase(s);
    clients_[index_of(s)].reset();
    message_queues_[index_of(s)].clear();
  }

  static std::size_t index_of(int s) { return static_cast<std::size_t>(s); }

  UniqueFd listener_ = open_listener();
  Set inputs_;
  Set outputs_;
  int end_ = 0;  // The highest descriptor plus one.
  // Both are indexed by descriptor.
  std::vector<UniqueFd> clients_;
  std::vector<std::deque<std::string>> message_queues_;
  std::array<char, kChunk> buffer_{};
};

int serve() {
  SelectEcho server;
  for (;;) server.turn();
}

}  // namespace
}  // namespace echo::bench

int main() { return echo::run_program("select_echo", &echo::bench::serve); }
