#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "echo/base/format.h"
#include "echo/base/rate_limit.h"
#include "echo/base/time.h"
#include "echo/loop/selector.h"
#include "echo/os/endpoint.h"
#include "echo/os/log.h"
#include "echo/os/signals.h"
#include "echo/os/unique_fd.h"
#include "echo/server/acceptor.h"
#include "echo/server/block_pool.h"
#include "echo/server/connection.h"
#include "echo/server/connection_table.h"
#include "echo/server/drain_timeout.h"
#include "echo/server/restart.h"
#include "echo/server/server_settings.h"
#include "echo/server/startup_sockets.h"
#include "echo/service/service_manager.h"

namespace echo {

// The counters that SIGUSR1 and the end of run() log.
struct Statistics {
  std::size_t open = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  Duration up{0};

  // "1 open, 2 accepted, 0 refused, 5 bytes in, 5 bytes out, up 1m30s".
  std::string to_string() const {
    return std::to_string(open) + " open, " + std::to_string(accepted) + " accepted, " +
           std::to_string(refused) + " refused, " + std::to_string(bytes_in) + " bytes in, " +
           std::to_string(bytes_out) + " bytes out, up " +
           format_duration(std::chrono::floor<std::chrono::seconds>(up));
  }
};

// The echo server: sends each client's bytes back to it, in order (RFC 862).
//
// Read tests/bench/peers/select_echo.cc first: it is the textbook's select() loop, and turn() is
// the same loop. Acceptor does the work of the loop's `accept`. Connection contains the message
// queue and has one function per event.
//
// SIGTERM, SIGINT and SIGHUP start a drain: the server stops listening, echoes the bytes that have
// reached it, and hangs up on each client without pending bytes. The drain ends when all clients
// have gone, when drain_timeout has passed, or immediately at a second such signal. SIGUSR1 logs
// statistics. SIGUSR2 hands all sockets and pending bytes over to the service manager, for the next
// server, and ends this one; without a manager that keeps them, it starts a drain. During a drain,
// SIGUSR2 has no effect.
//
// If an allocation fails, only the affected connection is closed.
class Server {
 public:
  // The signals to construct `Signals` with.
  static constexpr std::initializer_list<int> kSignals{SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

  // Listens, and restores the connections of the previous server. `log`, `signals` and `manager`
  // must outlive it; `clock` returns the current time. Throws the errors of open_listeners().
  Server(const ServerSettings& settings, Log& log, Signals& signals, ServiceManager& manager,
         StartupSockets startup_sockets = {}, std::function<Time()> clock = Clock::now);

  // Serves until a drain or a handover is complete. A listener that dies and cannot be reopened
  // also starts a drain; run() then returns false.
  bool run();

  // One turn of the loop: sends what the turn before it received, or waits for events and handles
  // them all. Returns false once the server has no listeners and no connections.
  bool turn();

  // The port of the first listener.
  std::uint16_t port() const noexcept { return acceptor_.port(); }

 private:
  bool send_new_output();
  Connection& add(UniqueFd socket, const Endpoint& peer, std::string_view pending = {},
                  bool at_eof = false);
  int renumber(int fd, int at_least);
  void handle_readable(Connection& connection);
  void handle_writable(Connection& connection);
  void handle_exceptional(Connection& connection);
  void settle(Connection& connection);
  void mark_active(Connection& connection);
  // `reason` consists of parts, as a log line does.
  template <typename... Reason>
  void close(Connection& connection, const Reason&... reason);
  template <typename... Reason>
  void close_unless_peer_reads(Connection& connection, const Reason&... reason);
  void close_all(std::string_view reason);

  void handle_signals();
  bool hand_over();
  void start_draining(std::string_view reason);

  void handle_timeouts(bool found_nothing);
  void close_idle();
  void drain(Connection& connection);
  std::optional<Duration> time_to_next_deadline() const;

  void notify_manager();
  Statistics statistics() const;

  const ServerSettings settings_;
  Log& log_;
  Signals& signals_;
  ServiceManager& manager_;
  const std::function<Time()> clock_;
  const Time started_;
  Time now_;

  Selector selector_{Selector::Asks::kActive,
                     [this](int fd, int at_least) { return renumber(fd, at_least); }};
  BlockPool pool_;
  ConnectionTable connections_;
  Acceptor acceptor_;
  Restart restart_;
  DrainTimeout drain_timeout_;
  bool has_stop_signal_ = false;
  RateLimit select_error_log_limit_{std::chrono::seconds{10}};
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
};

}  // namespace echo
