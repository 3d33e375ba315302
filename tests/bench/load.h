#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bench/work.h"
#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"

namespace echo::bench {

// The clients of one server: a closed loop, in which each echoed message lets the next one be sent.
// Checks every byte. The run functions throw std::runtime_error if the server makes no progress for
// five seconds, closes a connection early or sends other bytes back.
//
// Waits with epoll(7), so that the load costs the same with every server under test.
class Load {
 public:
  Load(const Work& work, const Endpoint& server);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  // Resets all connections, so that none stays in TIME-WAIT.
  ~Load();

  // Opens up to `most` more connections, in this order: half of the busy ones, the idle ones, the
  // other busy ones. Returns the total number of connections.
  std::size_t connect_some(std::size_t most);

  // Requires that all connections are open.
  void run_for(Duration time);
  // Sends the first messages, and runs until messages() reaches `messages`.
  void run_until(std::uint64_t messages);

  // Throws std::runtime_error if the server closed an idle connection or sent bytes on it.
  void check_idle() const;

  // Restarts the count of messages and drops their latencies.
  void forget();
  std::uint64_t messages() const noexcept { return latencies_.size(); }
  // In the order in which the messages completed. A latency lasts from the first byte sent to the
  // last byte received, or, in a churn, from connect() to EOF.
  const std::vector<Duration>& latencies() const noexcept { return latencies_; }

 private:
  struct Connection {
    UniqueFd fd;
    bool busy = false;
    bool waits_to_send = false;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::vector<Time> starts;  // Start times of messages in flight; message m's is at m % depth.
  };

  void open(std::size_t place);
  void set_busy(Connection& connection, bool busy) const;
  bool is_busy_at_first(std::size_t place) const noexcept;
  void turn();
  void handle(std::size_t place, std::uint32_t events);

  void send_some(std::size_t place);
  std::uint64_t may_have_sent(const Connection& connection) const noexcept;
  void note_starts(Connection& connection, std::size_t bytes) const;
  void wait_to_send(std::size_t place, bool wait);

  void receive_some(std::size_t place);
  void handle_eof(std::size_t place);
  void check(const Connection& connection, std::size_t bytes) const;
  void finish(std::size_t place, std::uint64_t message);
  void hand_on(std::size_t place);

  const Work work_;
  const Endpoint server_;
  const std::vector<Endpoint> hosts_;  // Local addresses.
  const std::string pattern_;          // Copies of the message.
  UniqueFd epoll_;
  std::vector<Connection> connections_;
  std::size_t opened_ = 0;          // Connections opened since the start.
  std::deque<std::size_t> silent_;  // Idle connections, the next to become busy first.
  std::vector<Duration> latencies_;
  Time now_;
  Time last_progress_;
  std::array<epoll_event, 512> events_{};
  std::string buffer_;
};

}  // namespace echo::bench
