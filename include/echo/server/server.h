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

// What SIGUSR1 has logged, and the end of run().
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

// The echo server: sends every client back what it sends, in order (RFC 862).
//
// Read tests/bench/peers/select_echo.cc first: it is the textbook's select() loop, and turn() is
// the same loop. Acceptor is its `accept`; Connection has its message queue, and one function for
// each event.
//
// SIGTERM, SIGINT and SIGHUP make it drain: it stops listening, echoes what has reached it, hangs
// up on each client that has no pending bytes, and is done when all have gone or drain_timeout has
// passed; the second such signal ends it at once. SIGUSR1 logs a line of statistics. SIGUSR2 makes
// it hand all that it has to the service manager, for the next server, and be done; without a
// manager that keeps it, it drains.
//
// If an allocation fails, only the connection that it was for is closed.
class Server {
 public:
  // The signals to construct `Signals` with.
  static constexpr std::initializer_list<int> kSignals{SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

  // Listens, and restores the connections of the server before. `log`, `signals` and `manager`
  // must outlive it; it reads the time from `clock`. Throws what open_listeners() throws.
  Server(const ServerSettings& settings, Log& log, Signals& signals, ServiceManager& manager,
         StartupSockets startup_sockets = {}, std::function<Time()> clock = Clock::now);

  // Serves until a signal has made it drain; or until a listener has died that cannot be opened
  // again: returns false then.
  bool run();

  // One turn of the loop: waits for an event and handles all that are there. False once drained.
  bool turn();

  // The port of the listeners.
  std::uint16_t port() const noexcept { return acceptor_.port(); }

 private:
  Connection& add(UniqueFd socket, const Endpoint& peer, std::string_view pending = {},
                  bool at_eof = false);
  void handle_readable(Connection& connection);
  void handle_writable(Connection& connection);
  void handle_exceptional(Connection& connection);
  void settle(Connection& connection);
  void mark_active(Connection& connection);
  // `reason` is made of parts, as a log line is.
  template <typename... Reason>
  void close(Connection& connection, const Reason&... reason);
  template <typename... Reason>
  void close_unless_taking(Connection& connection, const Reason&... reason);
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

  Selector selector_;
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
