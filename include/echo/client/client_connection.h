#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/client/script.h"
#include "echo/os/endpoint.h"
#include "echo/os/platform.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"

namespace echo {

// A connection of the client, as a small state machine:
//
//     connecting ---> open --- script finished and sent ---> half-closed --- EOF ---> done
//
// Each state can also change to failed: the connection is refused, an answer is late, EOF arrives
// early, or a byte differs from the one sent. The connection sends the script and compares the echo
// with it. wants_input() and wants_output() are its requests to select(); each event of select()
// has a function.
//
// The caller supplies all times. It may exclude periods in which it did not look at its sockets.
class ClientConnection {
 public:
  enum class State {
    kConnecting,
    kOpen,
    kHalfClosed,  // EOF has been sent; the rest of the echo and the server's EOF are pending.
    kDone,        // The echo is complete, and EOF or a reset has followed it (was_reset()), or
                  // close() was called.
    kFailed,      // See failure().
  };

  using Addresses = std::shared_ptr<const std::vector<Endpoint>>;

  // Starts to connect to the address with the index `first`. If that fails, tries the remaining
  // addresses in order, wrapping around at the end of the list. There must be at least one address.
  // `script` must outlive this object.
  //
  // `timeout` limits the time for connecting, the time for the complete echo of each message (for
  // the next byte if the script has no messages), and the time for EOF. The remaining addresses
  // share the time for connecting equally. 0: no limit.
  //
  // `origin` must outlive this object; `number` chooses its address. nullptr: the kernel chooses.
  ClientConnection(Addresses addresses, std::size_t first, const Script& script, Duration timeout,
                   Time now, const Origin* origin = nullptr, std::uint64_t number = 0);

  // The socket; -1 once the connection is over. Changes when another address is tried.
  int fd() const noexcept { return fd_.get(); }
  State state() const noexcept { return state_; }
  bool is_over() const noexcept { return state_ == State::kDone || state_ == State::kFailed; }

  // The local address, known once the connection is open, and the server's address.
  const Endpoint& local() const noexcept { return local_; }
  const Endpoint& remote() const noexcept {
    return (*addresses_)[(first_ + tried_) % addresses_->size()];
  }

  // The addresses that failed before remote(), with reasons: "ADDR: REASON; ADDR: REASON".
  const std::string& refusals() const noexcept { return refusals_; }

  // The kind of failure, and a description with all known details.
  Failure failure_kind() const noexcept { return failure_kind_; }
  const std::string& failure() const noexcept { return failure_; }

  // True if the server reset the connection after the complete echo. This is not a failure.
  bool was_reset() const noexcept { return was_reset_; }

  // Bytes of the script that have been sent, and bytes of the echo that have been verified.
  std::uint64_t sent() const noexcept { return sent_; }
  std::uint64_t received() const noexcept { return received_; }

  // What TCP knows of the path: now, or for a connection that is over, at its end.
  std::optional<PathInfo> path() const noexcept { return is_over() ? path_ : path_info(fd()); }

  bool wants_input() const noexcept;
  bool wants_output() const noexcept;

  // select() reported the socket writable: the connection attempt has ended, or there is room to
  // send.
  void handle_writable(Time now);

  // select() reported the socket readable. Calls recv(2) once and checks the bytes.
  void handle_readable(std::span<char> buffer, Time now);

  // select() reported urgent data, which no echo server sends.
  void handle_exceptional();

  // Sends EOF if the script is finished and sent. Call this whenever that may have changed.
  void half_close(Time now);

  // The time at which to call handle_timeout() if no event occurs before; Time::max() if no timeout
  // is running. handle_timeout() checks the socket first, because data that arrived in time counts
  // even if it is read late. Without such data the connection or the current attempt fails.
  Time deadline() const noexcept;
  void handle_timeout(std::span<char> buffer, Time now);

  // Receives the data that has arrived before the call, or completes a connection made before it.
  void receive_all(std::span<char> buffer, Time now);

  // Closes an open connection, whatever is pending: it is done.
  void close();

  // Fails with `reason` unless the connection is already over.
  void give_up(const std::string& reason);

 private:
  void close_socket(State state) noexcept;
  // Starts a connection attempt. Addresses that fail immediately are skipped.
  void connect(Time now);
  void add_refusal(Failure kind, const std::string& reason);
  void finish_connecting(Time now);
  void try_next_address(Failure kind, const std::string& reason, Time now);
  void send(Time now);
  bool receive_some(std::span<char> buffer, Time now);
  void check(std::string_view bytes);
  void handle_end(int error);
  void fail_here(Failure kind, const std::string& reason);
  void fail(Failure kind, const std::string& reason);

  // The members that each message uses come first so that they share cache lines.
  const Script& script_;
  Duration timeout_;
  UniqueFd fd_;
  State state_ = State::kConnecting;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  Time waiting_since_;

  Addresses addresses_;
  const Origin* origin_;
  std::uint64_t number_;
  std::size_t first_;
  std::size_t tried_ = 0;  // Addresses that have failed.
  Time connect_by_;        // The deadline for all addresses together,
  Time try_next_at_;       // and for the current one.
  bool was_reset_ = false;
  Endpoint local_;
  std::optional<PathInfo> path_;
  std::string refusals_;                      // See refusals().
  Failure failure_kind_ = Failure::kConnect;  // While connecting: the kind of the last refusal.
  std::string failure_;
};

// Describes a failed connection:
// "connection 3 (127.0.0.1:43210): Connection reset by peer, at offset 0 of 64".
std::string describe_failure(std::uint64_t number, const ClientConnection& connection);

// Describes the refusals before a connection was made:
// "cannot connect to [::1]:7: Connection refused; connected to 127.0.0.1:7 instead".
std::string describe_refusals(const std::string& refusals, const Endpoint& instead);

}  // namespace echo
