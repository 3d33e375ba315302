#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/client_loop.h"
#include "echo/client/target.h"
#include "echo/client/transcript.h"
#include "echo/os/log.h"
#include "echo/os/output.h"

namespace echo {

struct ClientSettings : Target {
  ClientSettings() : Target{.connections = 2} {}

  // One after the other, each when the last one is back.
  std::vector<std::string> messages{"This is the message. ", "It will be sent ", "in parts."};
  bool from_input = false;  // Instead of the messages: the input, until it ends.
};

// The echo client: opens many sockets at once, sends the same on each of them, and checks that
// every byte comes back as it was sent.
//
// The input is streamed in bounded memory: it is read no further than kMaxUnverified bytes ahead
// of the slowest connection, or of the output, which with one connection gets the echo.
class Client : public ClientLoop {
 public:
  // Looks the host up. `log` must outlive the client; `input` and `output` are descriptors that the
  // caller keeps open, and are used only with from_input. `clock` returns the time.
  // Throws std::system_error if the host has no address.
  Client(const ClientSettings& settings, Log& log, int input, int output,
         std::function<Time()> clock = Clock::now);

  // Returns whether every byte of every connection came back, and EOF. What went wrong is logged,
  // connection by connection. Throws as turn() does, or if the input or the output fails.
  bool run();

  static constexpr std::size_t kMaxUnverified = 4UL * 1024 * 1024;

 private:
  std::optional<Time> prepare() override;
  void handle_connected(std::size_t index, Duration took) override;
  void handle_echo(std::size_t index) override;
  void handle_over(std::size_t index) override;
  void handle_readable(int fd) override;
  void handle_writable(int fd) override;

  void open_connections();
  void advance();
  void send_next_message();
  void watch_streams();
  void give_up();
  bool is_everything_back() const;
  bool echoes_to_output() const noexcept;
  std::size_t ready_for_output() const;

  const ClientSettings settings_;
  Log& log_;
  const int input_fd_;
  const int output_fd_;
  const Output output_;
  Transcript transcript_;

  std::size_t next_message_ = 0;
  std::size_t opened_ = 0;  // Connections with an index below it.
  std::size_t over_ = 0;    // Connections that are done or have failed.
  std::size_t failures_ = 0;
  bool is_cut_ = false;        // By the deadline, with something else left to do.
  std::string refusals_;       // The last that were reported.
  std::uint64_t written_ = 0;  // How much of the transcript has gone to the output.
};

}  // namespace echo
