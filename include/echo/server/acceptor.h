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

// Listens, accepts clients in bounded batches, and admits those for which the limits leave room.
//
// While the kernel has no room for another client, it pauses; they wait in the backlog. A listener
// that has died is opened again, if it is not the service manager's.
class Acceptor {
 public:
  // Makes an admitted client a connection. Throws std::bad_alloc; then the client is closed.
  using AddConnection = std::function<void(Accepted client)>;

  // All that is referred to must outlive it.
  Acceptor(const ServerSettings& settings, Log& log, Selector& selector,
           const ConnectionTable& connections, AddConnection add_connection);

  // Listens on the passed sockets; if there are none, on the addresses of the settings, with the
  // old listeners that fit. Returns the clients that waited on the old listeners that do not.
  // Throws what open_listeners() throws. To be called once.
  std::vector<Accepted> listen(std::vector<UniqueFd> passed, std::vector<UniqueFd>& old);

  // Accepts a batch from a listener that is readable. Returns whether more clients may wait.
  bool accept(int listener, Time now);

  // Admits or refuses one client. Returns 0, or an errno value.
  int admit(Accepted client, Time now);

  // A connection has ended, so there may be room: a pause ends with the next handle_timeouts().
  void end_pause(Time now) noexcept;

  // After the events of a turn; and at next_deadline(), though nothing happens.
  void handle_timeouts(Time now);
  std::optional<Time> next_deadline() const noexcept;

  // For a drain: admits the clients in the backlog, now or once there is room, and stops. Those
  // that wait on a passed listener are the next server's.
  void finish(Time now);

  void stop() noexcept;

  // Logs the refusals that have not been logged yet.
  void log_last_refusals() { log_refusals(refusal_log_limit_.take_rest()); }

  const FdSet& listeners() const noexcept { return listening_; }
  // For the next server: all, unless the service manager keeps them.
  std::span<const UniqueFd> listeners_to_hand_over() const noexcept;
  std::uint16_t port() const noexcept { return port_; }

  // Whether a listener has died that cannot be opened again.
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
  FdSet listening_;          // Their descriptors.
  bool are_passed_ = false;  // By the service manager, which keeps them.
  std::uint16_t port_ = 0;
  bool is_finishing_ = false;
  bool has_failed_ = false;
  std::optional<Time> resume_at_;   // While it pauses.
  Time reopen_from_ = Time::min();  // No listener is opened again before.

  RateLimit pause_log_limit_{std::chrono::seconds{10}};
  RateLimit refusal_log_limit_{std::chrono::seconds{10}};
  Endpoint last_refused_;
  std::string_view last_limit_;  // By which that one was refused.
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace echo
