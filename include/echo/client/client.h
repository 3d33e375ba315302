#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/client_loop.h"
#include "echo/client/server_addresses.h"
#include "echo/client/target.h"
#include "echo/client/transcript.h"
#include "echo/os/log.h"
#include "echo/os/output.h"

namespace echo {

struct ClientSettings : Target {
  ClientSettings() : Target{.connections = 2} {}

  // Sent in this order, each after the echo of the previous one is complete.
  std::vector<std::string> messages{"This is the message. ", "It will be sent ", "in parts."};
  bool from_input = false;  // Send the input, up to its end, instead of the messages.
};

// The echo client: opens many connections, sends the same data on each, and checks every byte of
// the echo.
//
// Input is streamed in bounded memory: the client stops reading when it is kMaxUnverified bytes
// ahead of the slowest connection. With a single connection the echo is copied to the output, and
// the output counts as a connection in this respect.
class Client : public ClientLoop {
 public:
  // Resolves the host name. `log` must outlive the client. The caller keeps the descriptors `input`
  // and `output` open; they are used only with from_input. `clock` returns the current time. Throws
  // std::system_error if the host has no address.
  Client(const ClientSettings& settings, Log& log, int input, int output,
         std::function<Time()> clock = Clock::now);

  // Runs until all connections are over. Returns true if every connection has received the complete
  // echo and EOF. Logs an error for each connection that fails. Throws as turn() does, and
  // std::system_error if the input or the output fails.
  bool run();

  static constexpr std::size_t kMaxUnverified = 4UL * 1024 * 1024;

 private:
  Client(const ClientSettings& settings, const ServerAddresses& addresses, Log& log, int input,
         int output, std::function<Time()> clock);

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
  const std::size_t connections_;  // To all addresses together.
  Log& log_;
  const int input_fd_;
  const int output_fd_;
  const Output output_;
  Transcript transcript_;

  std::size_t next_message_ = 0;
  std::size_t opened_ = 0;  // Connections opened so far; their indices are below this number.
  std::size_t over_ = 0;    // Connections that are done or have failed.
  std::size_t failures_ = 0;
  bool is_cut_ = false;        // The deadline left connections unopened or output unwritten.
  std::string refusals_;       // The refusals that were logged last.
  std::uint64_t written_ = 0;  // Bytes of the transcript written to the output.
};

}  // namespace echo
