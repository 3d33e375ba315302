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

// The clients of one server, as its work has them: a closed loop, in which a message that is back
// makes room for the next one. It compares every byte. What waits here throws std::runtime_error
// once the server has moved nothing for five seconds, closes early or sends other bytes back.
//
// It waits by epoll(7), so that it costs the same whatever the server under test does.
class Load {
 public:
  Load(const Work& work, const Endpoint& server);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  // Resets all connections: nothing of them stays behind in TIME-WAIT.
  ~Load();

  // Connects the next ones, so many at most. Half of the busy ones come before the idle ones, half
  // after them. Returns how many are connected.
  std::size_t connect_some(std::size_t most);

  // Once all are connected.
  void run_for(Duration time);
  // Until so many messages are back, since the start or forget().
  void run_until(std::uint64_t messages);

  // Throws where an idle connection is no longer open.
  void check_idle() const;

  // Since the start or forget().
  void forget();
  std::uint64_t messages() const noexcept { return latencies_.size(); }
  // From a message's first byte sent to its last one back, or, of a churn, from connect() to EOF;
  // in the order of their ends.
  const std::vector<Duration>& latencies() const noexcept { return latencies_; }

 private:
  struct Connection {
    UniqueFd fd;
    bool busy = false;
    bool waits_to_send = false;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::vector<Time> starts;  // Of the messages in flight; message m's is at m % depth.
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
  const std::vector<Endpoint> hosts_;  // Of ours.
  const std::string pattern_;          // The same message again and again.
  UniqueFd epoll_;
  std::vector<Connection> connections_;
  std::size_t opened_ = 0;          // Connections, ever.
  std::deque<std::size_t> silent_;  // The next to become busy first.
  std::vector<Duration> latencies_;
  Time now_;
  Time last_progress_;
  std::array<epoll_event, 512> events_{};
  std::string buffer_;
};

}  // namespace echo::bench
