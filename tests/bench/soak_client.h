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

// How a client of a soak leaves.
enum class Leaving {
  kOnceAllIsBack,
  kByHalfClose,   // Sends EOF and reads to the server's.
  kByReset,       // With its echo on the way.
  kByUrgentData,  // At which the server closes the connection.
  kAfterAWhile,   // Whatever is on its way.
};

// What makes a kind of client.
struct Habit {
  std::string_view name;
  double share;           // How many of them come, relative to the other kinds.
  std::size_t most_sent;  // In its life.
  std::size_t longest_message;
  bool waits;             // For the echo of a message before it sends the next one.
  std::size_t most_read;  // At once; 0: it never reads.
  Duration rest;          // Between one thing that it does and the next.
  Leaving leaving;
};

// Every kind there is.
std::span<const Habit> habits();

// One client of a soak, as a state machine without a loop of its own. It says a stretch of `noise`
// that only it knows the place of, and checks every byte that comes back.
class SoakClient {
 public:
  using Random = std::mt19937_64;

  // Starts to connect. `noise` and `random` must outlive it.
  SoakClient(const Habit& habit, const Endpoint& server, std::string_view noise, Random& random,
             Time now);

  int fd() const noexcept { return fd_.get(); }

  // The events to poll(2) for; none while it rests.
  short wants(Time now) const noexcept;

  // poll(2) reported these.
  void handle(short events, Time now);

  // The server is about to be told to stop: from now on it sends nothing and reads to EOF, by when
  // all that has reached the server's system must have come back.
  void expect_stop();

  bool done() const noexcept { return !fd_; }

  // What went wrong, once it is done; empty where nothing did.
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
  bool said_goodbye_ = false;  // By EOF or urgent data.
  bool expects_stop_ = false;
  std::size_t place_;  // Of its first byte in the noise.
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
