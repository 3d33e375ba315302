#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "echo/base/rate_limit.h"
#include "echo/base/time.h"
#include "echo/loop/selector.h"
#include "echo/os/endpoint.h"
#include "echo/os/fd_set.h"
#include "echo/os/log.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "echo/server/connection_table.h"
#include "echo/server/server_settings.h"

namespace echo {

// Listens, accepts clients in bounded batches, and admits them within the limits.
//
// While the kernel has no resources for another client, the listener pauses and its clients wait in
// the backlog; the other listeners continue. The acceptor reopens a dead listener, unless the
// service manager owns that listener.
class Acceptor {
 public:
  // Makes an admitted client a connection. If it throws std::bad_alloc, the client is closed.
  using AddConnection = std::function<void(Accepted client)>;

  // All referenced objects must outlive it.
  Acceptor(const ServerSettings& settings, Log& log, Selector& selector,
           const ConnectionTable& connections, AddConnection add_connection);

  // Listens on the passed sockets; if there are none, on the addresses of the settings. Uses the
  // old listeners that match these addresses, closes all other old listeners, and returns the
  // clients that waited on them. Throws the errors of open_listeners(). Call it only once.
  std::vector<Accepted> listen(std::vector<UniqueFd> passed, std::vector<UniqueFd>& old);

  // Accepts a batch from a readable listener. Returns true if more clients may wait.
  bool accept(int listener, Time now);

  // Admits or refuses one client. Returns 0, or ENOMEM.
  int admit(Accepted client, Time now);

  // Ends a pause with the next handle_timeouts(), because a closed connection has made room.
  void end_pause(Time now) noexcept;

  // Call it after the events of each turn, and at next_deadline() even if nothing happens.
  void handle_timeouts(Time now);
  std::optional<Time> next_deadline() const noexcept;

  // For a drain: admits the clients in the backlog, now or after a pause, and stops listening.
  // Leaves clients on a passed listener to the next server.
  void finish(Time now);

  // Closes all listeners now, without accepting the backlog. A passed listener stays open in the
  // service manager.
  void stop() noexcept;

  // Logs the remaining refusals.
  void log_last_refusals() { log_refusals(refusal_log_limit_.take_rest()); }

  const FdSet& listeners() const noexcept { return listening_; }
  // The listeners for the next server: none if the service manager owns them, else all.
  std::span<const UniqueFd> listeners_to_hand_over() const noexcept;
  std::uint16_t port() const noexcept { return port_; }

  // True if a listener has died and could not be reopened.
  bool has_failed() const noexcept { return has_failed_; }

  std::uint64_t accepted() const noexcept { return accepted_; }
  std::uint64_t refused() const noexcept { return refused_; }

 private:
  void watch(int listener);
  void refuse(Accepted client, std::string_view limit, Time now);
  void log_refusals(std::optional<std::uint64_t> refusals);
  void pause(int listener, int error, Time now);
  void resume(Time now);
  void replace(int dead, int error, Time now);
  bool reopen(const Endpoint& local, Time now);
  void accept_backlog(Time now);

  const ServerSettings& settings_;
  Log& log_;
  Selector& selector_;
  const ConnectionTable& connections_;
  AddConnection add_connection_;

  std::vector<UniqueFd> listeners_;
  FdSet listening_;          // The descriptors of `listeners_`.
  bool are_passed_ = false;  // The service manager has passed them and owns them.
  std::uint16_t port_ = 0;
  bool is_finishing_ = false;
  bool has_failed_ = false;
  std::optional<Time> resume_at_;   // Set during a pause.
  Time reopen_from_ = Time::min();  // No listener is reopened earlier.

  RateLimit pause_log_limit_{std::chrono::seconds{10}};
  RateLimit refusal_log_limit_{std::chrono::seconds{10}};
  Endpoint last_refused_;
  std::string_view last_limit_;  // The limit that refused this client.
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace echo
