#pragma once

#include <cstddef>
#include <cstdint>
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
#include "echo/os/endpoint.h"
#include "echo/os/socket.h"

namespace echo {

// The event loop of both clients. It opens connections to the server, passes the events of select()
// to them, and enforces their timeouts. The derived class decides when to open a connection, what
// to send, and how to continue after each event.
//
// A connection is identified by its index. The index is free again once the connection is over.
class ClientLoop {
 public:
  virtual ~ClientLoop() = default;

  // Runs one turn of the loop. Returns false once there is nothing more to do. Throws
  // std::system_error if select() fails, and passes on exceptions of the hooks.
  bool turn();

 protected:
  // `size` is the number of indices. `clock` returns the current time.
  ClientLoop(const Target& target, std::size_t size, ServerAddresses addresses,
             std::function<Time()> clock);

  // The time at which the wait of this turn ended; before the wait, the time at which the turn
  // began.
  Time now() const noexcept { return now_; }
  void update_now() { now_ = clock_(); }
  Time read_clock() const { return clock_(); }

  bool is_past_deadline() const noexcept { return now_ >= deadline_; }

  // The time in which the loop has not looked at its sockets, and a time with that subtracted. The
  // connections use such times so that no timeout expires while the loop is not looking.
  Duration away() const noexcept { return attention_.away(); }
  Time attended(Time time) const noexcept { return time - away(); }

  bool can_open() const noexcept;
  bool is_connecting() const noexcept { return connecting_ > 0; }
  // For prepare(): starts a connection that sends the script. The timeout counts from `scheduled`
  // or from the last successful connection, whichever is later. Therefore thousands of connections
  // to a host that does not answer all fail within one timeout.
  void open(std::size_t index, const Script& script, Time scheduled = Time::min());
  // With Target::all_addresses: the addresses. The connection at an index has the one at the index
  // modulo their number.
  std::vector<Endpoint> separate_addresses() const;
  void look_up_again() { addresses_.look_up_again(clock_); }

  // The most recent connection at the index, and whether there is one that is not over.
  const ClientConnection& connection(std::size_t index) const {
    return *entries_[index].connection;
  }
  bool is_live(std::size_t index) const {
    return entries_[index].connection && !connection(index).is_over();
  }

  // For handle_connected(): closes the connection. handle_over() follows.
  void close(std::size_t index) { entries_[index].connection->close(); }

  // Updates the events to watch for and sends EOF if the script is finished. Call these for live
  // connections if the script or the result of more_to_send() may have changed.
  void settle(std::size_t index) { settle(index, connection(index).fd()); }
  void settle_all() {
    handle_all([](ClientConnection&) {});
  }
  // Applies the event to each live connection and settles it.
  using Event = std::function<void(ClientConnection&)>;
  void handle_all(const Event& event);

  Selector& selector() noexcept { return selector_; }
  std::span<char> buffer() noexcept { return buffer_; }  // For one recv(2) or read(2) at a time.

 private:
  // The hooks. prepare() is called at the start of each turn. It returns the time at which the wait
  // must end, or nullopt if there is nothing more to do.
  virtual std::optional<Time> prepare() = 0;
  // The connection is open. `took` is the duration of the successful attempt.
  virtual void handle_connected(std::size_t index, Duration took) = 0;
  // True if add_to_script() has more to send, so that the loop must wait for the socket to become
  // writable even if the present script has been sent.
  virtual bool more_to_send(std::size_t /*index*/) { return false; }
  // The socket is writable: may extend the script before it is sent.
  virtual void add_to_script(std::size_t /*index*/) {}
  // The connection has received more of the echo.
  virtual void handle_echo(std::size_t index) = 0;
  virtual void handle_over(std::size_t index) = 0;

  // A descriptor that belongs to no connection is ready.
  virtual void handle_readable(int /*fd*/) {}
  virtual void handle_writable(int /*fd*/) {}

  struct Entry {
    std::optional<ClientConnection> connection;
    Time attempt_began;  // Start of the attempt with the current address.
  };

  void handle(std::size_t index, const Event& event);
  void settle(std::size_t index, int old_fd);
  void handle_timeouts();
  Time deadline_of(std::size_t index) const;
  std::optional<std::size_t> index_of(int fd) const;
  std::optional<Duration> time_to(Time next) const;

  const Duration timeout_;
  const Origin origin_;
  const std::function<Time()> clock_;
  ServerAddresses addresses_;
  Time now_;
  const Time deadline_;  // Time::max() if there is none.
  Attention attention_;
  Time last_connected_;

  Selector selector_;
  std::vector<Entry> entries_;
  std::vector<std::optional<std::size_t>> by_fd_;  // Connection indices by descriptor.
  std::vector<char> buffer_;
  std::vector<std::uint64_t> opened_;  // Connections started so far, by list of addresses.
  std::size_t connecting_ = 0;         // Connections that are being established.
  Time next_check_ = Time::max();      // No deadline of a connection is earlier.
};

}  // namespace echo
