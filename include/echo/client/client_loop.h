#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/attention.h"
#include "echo/client/client_connection.h"
#include "echo/client/script.h"
#include "echo/client/server_addresses.h"
#include "echo/client/target.h"
#include "echo/loop/selector.h"

namespace echo {

// The loop under each client: it opens connections to the server, has them handle what select()
// reports, and ends those that wait too long. The class that derives from it decides when to open
// one, what to send, and what follows.
//
// A connection goes by its index. When it is over, another one may take its place.
class ClientLoop {
 public:
  virtual ~ClientLoop() = default;

  // One turn. False once there is nothing more to do. Throws std::system_error if select() fails,
  // and what the hooks throw.
  bool turn();

 protected:
  // `size` is the number of indices. `clock` returns the time.
  ClientLoop(const Target& target, std::size_t size, ServerAddresses addresses,
             std::function<Time()> clock);

  // When the turn began or, after the wait, when that ended.
  Time now() const noexcept { return now_; }
  void update_now() { now_ = clock_(); }
  Time read_clock() const { return clock_(); }

  bool is_past_deadline() const noexcept { return now_ >= deadline_; }

  // How long the loop has looked away so far, and a time without that, as connections count it: no
  // patience with the server runs out meanwhile.
  Duration away() const noexcept { return attention_.away(); }
  Time attended(Time time) const noexcept { return time - away(); }

  bool can_open() const noexcept;
  bool is_connecting() const noexcept { return connecting_ > 0; }
  // For prepare(): starts a connection that sends the script. Its timeout counts from `scheduled`
  // or, if that was later, from when a connection was made last: thousands to a host that does not
  // answer fail after one timeout.
  void open(std::size_t index, const Script& script, Time scheduled = Time::min());
  void look_up_again() { addresses_.look_up_again(clock_); }

  // The connection that was opened last at the index, and whether it is there and not over.
  const ClientConnection& connection(std::size_t index) const {
    return *entries_[index].connection;
  }
  bool is_live(std::size_t index) const {
    return entries_[index].connection && !connection(index).is_over();
  }

  // For live connections whose script, or whose more_to_send(), may have changed.
  void settle(std::size_t index) { settle(index, connection(index).fd()); }
  void settle_all() {
    handle_all([](ClientConnection&) {});
  }
  // Each live connection handles the event, and is settled.
  using Event = std::function<void(ClientConnection&)>;
  void handle_all(const Event& event);

  Selector& selector() noexcept { return selector_; }
  std::span<char> buffer() noexcept { return buffer_; }  // For one recv(2) or read(2) at a time.

 private:
  // The hooks. Each turn begins with this one: until when to wait at most. nullopt: it is over.
  virtual std::optional<Time> prepare() = 0;
  // The connection is open; its last attempt took that long.
  virtual void handle_connected(std::size_t index, Duration took) = 0;
  // Whether there is more to send than the script has, once the socket is writable.
  virtual bool more_to_send(std::size_t /*index*/) { return false; }
  // It is writable: the last chance to add to the script.
  virtual void add_to_script(std::size_t /*index*/) {}
  // More of the echo is there.
  virtual void handle_echo(std::size_t index) = 0;
  virtual void handle_over(std::size_t index) = 0;

  // Another descriptor that the selector watches is ready.
  virtual void handle_readable(int /*fd*/) {}
  virtual void handle_writable(int /*fd*/) {}

  struct Entry {
    std::optional<ClientConnection> connection;
    Time attempt_began;  // With the address that it tries, or has.
  };

  void handle(std::size_t index, const Event& event);
  void settle(std::size_t index, int old_fd);
  void handle_timeouts();
  Time deadline_of(std::size_t index) const;
  std::optional<std::size_t> index_of(int fd) const;
  std::optional<Duration> time_to(Time next) const;

  const Duration timeout_;
  const std::function<Time()> clock_;
  ServerAddresses addresses_;
  Time now_;
  const Time deadline_;  // Time::max(): none.
  Attention attention_;
  Time last_connected_;

  Selector selector_;
  std::vector<Entry> entries_;
  std::vector<std::optional<std::size_t>> by_fd_;  // Indices.
  std::vector<char> buffer_;
  std::size_t connecting_ = 0;     // How many connections are.
  Time next_check_ = Time::max();  // No connection's deadline is earlier.
};

}  // namespace echo
