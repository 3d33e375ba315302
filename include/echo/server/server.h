#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/rate_limit.h"
#include "echo/base/time.h"
#include "echo/loop/selector.h"
#include "echo/os/endpoint.h"
#include "echo/os/fd_set.h"
#include "echo/os/log.h"
#include "echo/os/signals.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "echo/server/block_pool.h"
#include "echo/server/connection.h"
#include "echo/server/handover.h"
#include "echo/server/host_limit.h"
#include "echo/server/listeners.h"
#include "echo/server/server_settings.h"
#include "echo/server/startup_sockets.h"
#include "echo/service/service_manager.h"

namespace echo {

// The echo server: listens, and sends every client back what it sends, in order (RFC 862).
//
// SIGTERM, SIGINT and SIGHUP make it drain: it stops listening, echoes what has reached it, hangs
// up on each client that has nothing in flight, and is done when all have gone or drain_timeout has
// passed; the second such signal ends it at once. SIGUSR1 logs a line of statistics.
//
// SIGUSR2 makes it hand all that it has to the service manager, for the next server, and be done;
// where there is none that would keep it, it drains.
//
// Want of memory costs the connection that it was for.
class Server {
 public:
  // The signals to construct `Signals` with.
  static constexpr std::initializer_list<int> kSignals{SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

  // Listens, on the sockets of the startup_sockets if there are any, and takes over the clients
  // there. `log`, `signals` and `manager` must outlive the server; `clock` tells it the time.
  // Throws what open_listeners() throws.
  Server(const ServerSettings& settings, Log& log, Signals& signals, ServiceManager& manager,
         StartupSockets startup_sockets = {}, std::function<Time()> clock = Clock::now);

  // Serves until a signal has made it drain; or until a listener is dead and cannot be opened
  // again: returns false then.
  bool run();

  // After the drain timeout it takes some turns more for what reached the sockets before, and waits
  // for the peers for as long as it was late.
  static constexpr int kMaxLateTurns = 8;
  static constexpr Duration kMaxLastLook = std::chrono::milliseconds{250};

  // One turn of the loop: waits for an event and handles all that are there. False once drained.
  bool turn();

  // The port that the listeners have.
  std::uint16_t port() const noexcept { return port_; }

 private:
  struct Statistics {
    std::size_t open = 0;
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    Duration up{0};

    std::string to_string() const;
  };

  struct Client {
    Connection connection;
    std::list<int>::iterator place;  // In by_activity_.
    HostLimit::Place place_of_host;
  };

  void watch_listener(int listener);
  std::vector<Accepted> listen(std::vector<UniqueFd> sockets, HandoverReader& before);
  void take_over(HandoverReader before);
  bool take_over(HandoverReader::Client taken);
  void keep_spare_descriptors();

  bool accept_clients(int listener);
  int accepts_at_once(int listener) const;
  int let_in(Accepted accepted);
  void welcome(Accepted accepted);
  void add_client(UniqueFd socket, const Endpoint& peer, HostLimit::Place place_of_host,
                  std::string_view owed = {}, bool at_eof = false);
  void refuse(Accepted accepted, std::string_view limit);
  void log_refusals(std::optional<std::uint64_t> refusals);
  void pause_accepting(int listener, int error);
  void replace_listener(int dead, int error);
  bool reopen_listener(const Endpoint& local);
  void forget_listener(int listener);
  void resume_accepting();

  void handle_readable(Connection& connection);
  void handle_writable(Connection& connection);
  void handle_exceptional(Connection& connection);
  void settle(Connection& connection);
  void note_activity(Connection& connection);
  // `reason` is made of parts, as a log line is.
  template <typename... Reason>
  void close(Connection& connection, const Reason&... reason);

  void handle_signals();
  bool hand_over();
  std::optional<bool> give_to_manager(const std::vector<HandoverItem>& items);
  void start_draining(std::string_view reason);
  void accept_last_clients();
  void stop_listening();
  void drain(bool found_nothing);
  void drain(Connection& connection);
  void close_all(std::string_view reason);
  void close_idle();

  std::unique_ptr<Client>& client(int fd) { return clients_[static_cast<std::size_t>(fd)]; }
  Connection& connection(int fd) { return client(fd)->connection; }
  const Connection& connection(int fd) const {
    return clients_[static_cast<std::size_t>(fd)]->connection;
  }
  void tell_manager();
  std::optional<Duration> time_to_next_deadline() const;
  Statistics statistics() const;

  const ServerSettings settings_;
  Log& log_;
  Signals& signals_;
  ServiceManager& manager_;
  const std::function<Time()> clock_;
  const Time started_;
  Time now_;

  // Before the listeners, whose log lines tell that all is ready.
  Selector selector_;
  const bool has_own_listeners_;  // Or those of the service manager, which keeps them.
  std::vector<UniqueFd> listeners_;
  FdSet listening_;  // The listeners' descriptors.
  std::uint16_t port_ = 0;
  std::vector<UniqueFd> spare_;
  HostLimit hosts_;
  std::vector<std::unique_ptr<Client>> clients_;  // By descriptor.
  std::list<int> by_activity_;  // Every client; with an idle timeout, the longest silent one first.
  BlockPool pool_;

  std::optional<Time> accept_again_at_;  // Where accepting is paused.
  std::optional<Time> drain_deadline_;   // Where draining.
  int late_turns_ = 0;                   // After that deadline.
  Time last_look_ = Time::min();         // Until when these wait for a peer.
  bool is_told_to_stop_ = false;         // By a signal.
  bool failed_ = false;                  // A listener is dead for good.
  Time reopen_from_ = Time::min();       // Not before is one opened again.
  RateLimit pauses_to_log_;
  RateLimit refusals_to_log_;
  Endpoint last_refused_;
  std::string_view last_limit_;  // By which that one was refused.
  RateLimit select_errors_to_log_;

  Statistics totals_;  // All of them but what statistics() finds out.
};

}  // namespace echo
