#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"

namespace echo::test {

// How a client of the soak test leaves.
enum class Leaving {
  kOnceAllIsBack,
  kByHalfClose,   // Sends EOF and reads until the server's EOF.
  kByReset,       // While its echo is in flight.
  kByUrgentData,  // Makes the server close the connection.
  kAfterAWhile,   // Closes, whatever is in flight.
};

// The behaviour of one kind of client.
struct Habit {
  std::string_view name;
  double share;           // Weight relative to the other kinds.
  std::size_t most_sent;  // Bytes in the client's life.
  std::size_t longest_message;
  bool waits;             // True: waits for each echo before it sends the next message.
  std::size_t most_read;  // Bytes per read; 0: never reads.
  Duration rest;          // Pause after each event.
  Leaving leaving;
};

// All kinds of clients.
std::span<const Habit> habits();

// One client of the soak test: a state machine without a loop of its own. It sends a part of
// `noise` from a random offset on, and checks every byte that comes back.
class SoakClient {
 public:
  using Random = std::mt19937_64;

  // Starts to connect. `noise` and `random` must outlive the client.
  SoakClient(const Habit& habit, const Endpoint& server, std::string_view noise, Random& random,
             Time now);

  int fd() const noexcept { return fd_.get(); }

  // The events to poll(2) for; 0 during a pause.
  short wants(Time now) const noexcept;

  // Handles the events that poll(2) reported.
  void handle(short events, Time now);

  // Call it before the server is asked to stop. From then on the client only reads, to EOF. By then
  // every byte that had reached the server's kernel must have come back.
  void expect_stop();

  bool done() const noexcept { return !fd_; }

  // The error of a client that is done; empty if there was none.
  const std::string& error() const noexcept { return error_; }

  std::uint64_t messages() const noexcept { return messages_; }
  std::uint64_t bytes_back() const noexcept { return received_; }

 private:
  bool may_send() const noexcept;
  std::string_view noise_at(std::size_t offset, std::size_t length) const;

  void finish_connecting();
  void send_some();
  void receive_some();
  void check(std::string_view bytes);
  void handle_eof();
  void leave_if_due();
  void leave_if_late(Time now);
  void fail(std::string_view reason, int error = 0);

  const Habit* habit_;
  std::string_view noise_;
  Random* random_;
  UniqueFd fd_;
  bool connected_ = false;
  bool sent_goodbye_ = false;  // Has sent EOF or urgent data.
  bool expects_stop_ = false;
  std::size_t place_;  // Offset of its first byte in the noise.
  std::size_t to_send_;
  std::size_t left_of_message_ = 0;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  std::size_t due_at_stop_ = 0;
  std::uint64_t messages_ = 0;
  Time started_;
  Time last_moved_;
  Time rests_until_;
  std::string error_;
};

}  // namespace echo::test
