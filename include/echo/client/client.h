#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/attention.h"
#include "echo/client/client_connection.h"
#include "echo/client/server_addresses.h"
#include "echo/client/target.h"
#include "echo/client/transcript.h"
#include "echo/loop/selector.h"
#include "echo/os/log.h"

namespace echo {

struct ClientSettings : Target {
  ClientSettings() : Target{.connections = 2} {}

  // One after the other, each when the last one is back.
  std::vector<std::string> messages{"This is the message. ", "It will be sent ", "in parts."};
  bool from_input = false;  // Instead of the messages: the input, until it ends.
};

// The echo client: opens many sockets at once, says the same on each of them, and checks that every
// byte comes back as it was sent.
//
// The input is streamed in bounded memory: it is read no further than kMaxUnverified bytes ahead
// of the slowest connection, or of the output, which with one connection gets the echo.
class Client {
 public:
  // Looks the host up. `log` must outlive the client; `input` and `output` are descriptors that the
  // caller keeps open, and are used only with from_input. `clock` tells the time.
  // Throws std::system_error where the host has no address.
  Client(const ClientSettings& settings, Log& log, int input, int output,
         std::function<Time()> clock = Clock::now);

  // Returns whether every byte of every connection came back, and EOF. What went wrong is logged,
  // connection by connection. Throws std::system_error where select(), the input or the output
  // fails.
  bool run();

  // One turn of the loop. False once every connection is over, or the deadline has passed. Throws
  // as run() does.
  bool turn();

  static constexpr std::size_t kMaxUnverified = 4UL * 1024 * 1024;

 private:
  void open_connections();
  void advance();
  void next_message();
  void watch_streams();

  // Lets the connection handle an event, and settles it: for select(), the counts, the user.
  template <typename Event>
  void handle(ClientConnection& connection, Event event);
  void settle(ClientConnection& connection, int old_fd);
  void watch(ClientConnection& connection);
  void watch_all();
  void report(const ClientConnection& connection);
  void note_refusals(const ClientConnection& connection);

  void handle_readable(ClientConnection& connection);
  void handle_timeouts();
  void give_up();
  void read_input();
  void write_output();

  ClientConnection& connection(int fd) { return *by_fd_[static_cast<std::size_t>(fd)]; }
  bool is_everybody_open() const noexcept;
  bool is_everything_back() const noexcept;
  bool echoes_to_output() const noexcept;
  std::size_t ready_for_output() const noexcept;
  std::optional<Duration> time_to_next_check() const;
  Time patient(Time time) const noexcept { return time - attention_.away(); }
  Time deadline_of(const ClientConnection& connection) const noexcept;

  const ClientSettings settings_;
  Log& log_;
  const int input_;
  const int output_;
  const std::function<Time()> clock_;
  ServerAddresses addresses_;  // Of the server. Looked up before the time counts.
  Time now_;
  const Time deadline_;  // Time::max(): none.
  Attention attention_;
  Time last_connected_;  // When a connection was made last. A new one's wait counts from then, so
                         // that thousands to a host that does not answer fail after one timeout.

  Selector selector_;
  Transcript transcript_;
  std::vector<ClientConnection> connections_;  // Never moved: reserved for all at the start.
  std::vector<ClientConnection*> by_fd_;
  std::vector<char> buffer_;

  std::size_t next_message_ = 0;
  std::size_t connecting_ = 0;  // How many of connections_ are.
  std::size_t over_ = 0;        // How many of connections_ are done or have failed.
  std::size_t failures_ = 0;
  bool is_cut_ = false;        // By the deadline, with something else left to do.
  std::string refusals_;       // The last that were reported.
  std::uint64_t written_ = 0;  // How much of the transcript has gone to the output.
  Time next_check_;            // No connection's deadline is earlier. Time::max(): no timeout.
};

}  // namespace echo
