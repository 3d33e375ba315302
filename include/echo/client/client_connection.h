#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/client/script.h"
#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"

namespace echo {

// One of the client's sockets, as a small state machine:
//
//     connecting ---> open --- all of a finished script sent ---> half-closed --- EOF ---> done
//
// and failed from anywhere: no connection, no answer in time, EOF too early, a byte that is not the
// one that was sent. It sends the script and checks each byte that comes back against it. It says
// what it wants of select(), and has one function for each event.
//
// Its times are the caller's, which may leave out those in which it did not look.
class ClientConnection {
 public:
  enum class State {
    kConnecting,
    kOpen,
    kHalfClosed,  // We have sent EOF and wait for the rest of the echo and the server's EOF.
    kDone,        // Every byte came back, and EOF; or was_reset().
    kFailed,      // See failure().
  };

  using Addresses = std::shared_ptr<const std::vector<Endpoint>>;

  // Starts to connect to the address with the index `first`, and tries the others after it, in
  // their order and from the beginning again. There is at least one. `script` must outlive this
  // object.
  //
  // `timeout` bounds the wait for a connection, of which each address that is left has an equal
  // share, the wait for the whole echo of each message, and the one for EOF; if the script has no
  // messages, for the next byte. 0: nothing is bounded.
  ClientConnection(Addresses addresses, std::size_t first, const Script& script, Duration timeout,
                   Time now);

  // -1 once it is over. Changes when another address is tried.
  int fd() const noexcept { return fd_.get(); }
  State state() const noexcept { return state_; }
  bool is_over() const noexcept { return state_ == State::kDone || state_ == State::kFailed; }

  // The socket's own address, known once it is open, and the one it talks to.
  const Endpoint& local() const noexcept { return local_; }
  const Endpoint& remote() const noexcept {
    return (*addresses_)[(first_ + tried_) % addresses_->size()];
  }

  // The addresses that refused it before remote() did not: "ADDR: REASON; ADDR: REASON".
  const std::string& refusals() const noexcept { return refusals_; }

  // What went wrong, and the same in words, with all that is known of it.
  Failure failure_kind() const noexcept { return failure_kind_; }
  const std::string& failure() const noexcept { return failure_; }

  // A reset was what ended it, when all of a finished script had come back: a good end too.
  bool was_reset() const noexcept { return was_reset_; }

  // How much of the script has been sent, and how much has come back, exact.
  std::uint64_t sent() const noexcept { return sent_; }
  std::uint64_t received() const noexcept { return received_; }

  bool wants_input() const noexcept;
  bool wants_output() const noexcept;

  // select() reported it writable: connected, or failed to, or room to send.
  void handle_writable(Time now);

  // select() reported it readable: one recv(2) into the buffer, checked.
  void handle_readable(std::span<char> buffer, Time now);

  // select() reported urgent data, which no echo server sends.
  void handle_exceptional();

  // Sends EOF, if the script is finished and sent. Call it when it may have become so.
  void half_close(Time now);

  // When it will have waited too long, unless something comes; Time::max() if it waits for
  // nothing. Then handle_timeout() looks at the socket, since what came in time counts however late
  // it is looked at, and fails if that is not enough.
  Time deadline() const noexcept;
  void handle_timeout(std::span<char> buffer, Time now);

  // Receives what has come by now, and not what comes meanwhile.
  void receive_all(std::span<char> buffer, Time now);

  // Fails for that reason, whatever it waits for.
  void give_up(const std::string& reason);

 private:
  // Starts to connect to the first address from remote() on that lets it.
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

  // What each message needs comes first, and is close together.
  const Script& script_;
  Duration timeout_;
  UniqueFd fd_;
  State state_ = State::kConnecting;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  Time waiting_since_;

  Addresses addresses_;
  std::size_t first_;
  std::size_t tried_ = 0;  // How many of them have failed.
  Time connect_by_;        // None of them has longer.
  Time try_next_at_;       // The one that is tried now.
  bool was_reset_ = false;
  Endpoint local_;
  std::string refusals_;                      // Of each address that was tried.
  Failure failure_kind_ = Failure::kConnect;  // While it connects: of the last refusal.
  std::string failure_;
};

// "connection 3 (127.0.0.1:43210): Connection reset by peer, at offset 0 of 64": one that failed.
std::string describe_failure(std::uint64_t number, const ClientConnection& connection);

// "cannot connect to [::1]:7: Connection refused; connected to 127.0.0.1:7 instead".
std::string describe_refusals(const std::string& refusals, const Endpoint& instead);

}  // namespace echo
