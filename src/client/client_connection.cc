#include "echo/client/client_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "echo/base/errno_text.h"
#include "echo/base/escape.h"
#include "echo/base/format.h"
#include "echo/os/log.h"
#include "echo/os/platform.h"
#include "echo/os/socket.h"

namespace echo {
namespace {

std::string no_answer_within(Duration time) {
  return "no answer within " + format_duration(std::chrono::round<std::chrono::milliseconds>(time));
}

// EADDRNOTAVAIL also means that no local address can reach the server.
std::string no_address_text() {
  std::string text = ErrnoText{EADDRNOTAVAIL}.to_string();
  const auto ports = local_ports();
  if (ports) {
    text += " (no local address reaches it, or all " + format_number(*ports) +
            " local ports are in use)";
  }
  return text;
}

bool is_connected(int fd) { return remote_endpoint(fd).family() != AF_UNSPEC; }

// The number of bytes before the first difference, of two texts of the same length. Mostly they are
// equal, and memcmp() shows that several times as fast as std::mismatch().
std::size_t length_in_common(std::string_view one, std::string_view other) {
  if (one == other) return one.size();
  return static_cast<std::size_t>(std::mismatch(one.begin(), one.end(), other.begin()).first -
                                  one.begin());
}

}  // namespace

ClientConnection::ClientConnection(Addresses addresses, std::size_t first, const Script& script,
                                   Duration timeout, Time now, const Origin* origin,
                                   std::uint64_t number)
    : script_(script),
      timeout_(timeout),
      waiting_since_(now),
      addresses_(std::move(addresses)),
      origin_(origin),
      number_(number),
      first_(first),
      connect_by_(timeout > Duration{0} ? now + timeout : Time::max()),
      try_next_at_(connect_by_) {
  connect(now);
}

bool ClientConnection::wants_input() const noexcept {
  return state_ == State::kOpen || state_ == State::kHalfClosed;
}

bool ClientConnection::wants_output() const noexcept {
  return state_ == State::kConnecting || (state_ == State::kOpen && sent_ < script_.end());
}

void ClientConnection::handle_writable(Time now) {
  if (state_ == State::kConnecting) {
    finish_connecting(now);
  } else if (wants_output()) {
    send(now);
  }
}

void ClientConnection::handle_readable(std::span<char> buffer, Time now) {
  if (wants_input()) receive_some(buffer, now);
}

void ClientConnection::handle_exceptional() {
  if (!is_over()) fail_here(Failure::kUrgent, "the server sent urgent data");
}

void ClientConnection::half_close(Time now) {
  if (state_ != State::kOpen || !script_.finished() || sent_ < script_.end()) return;
  shut_down_sending(fd());
  waiting_since_ = now;
  state_ = State::kHalfClosed;
}

Time ClientConnection::deadline() const noexcept {
  if (state_ == State::kConnecting) return try_next_at_;
  if (!wants_input() || timeout_ == Duration{0}) return Time::max();
  const bool waits = received_ < sent_ || state_ == State::kHalfClosed;
  Time since = waits ? waiting_since_ : Time::max();
  if (received_ < script_.end()) since = script_.waits_since(received_).value_or(since);
  return since == Time::max() ? since : since + timeout_;
}

void ClientConnection::handle_timeout(std::span<char> buffer, Time now) {
  if (state_ == State::kConnecting) {
    const bool is_open = is_connected(fd());
    const int error = is_open ? 0 : take_error(fd());
    if (is_open) {
      finish_connecting(now);
    } else if (error != 0) {
      try_next_address(Failure::kConnect, ErrnoText{error}.to_string(), now);
    } else {
      try_next_address(Failure::kConnectTimeout, no_answer_within(try_next_at_ - waiting_since_),
                       now);
    }
    return;
  }
  receive_all(buffer, now);
  if (deadline() <= now) fail_here(Failure::kTimeout, no_answer_within(timeout_));
}

void ClientConnection::receive_all(std::span<char> buffer, Time now) {
  if (state_ == State::kConnecting && is_connected(fd())) finish_connecting(now);
  if (!wants_input()) return;
  const std::uint64_t end = received_ + unread(fd());
  // `<=`, because EOF may follow the last byte, and unread() does not count it.
  while (wants_input() && received_ <= end && (received_ < sent_ || state_ == State::kHalfClosed) &&
         receive_some(buffer, now)) {
  }
}

void ClientConnection::close() { close_socket(State::kDone); }

void ClientConnection::give_up(const std::string& reason) {
  if (state_ == State::kConnecting) {
    add_refusal(Failure::kConnectTimeout, reason);
    fail(failure_kind_, "cannot connect to " + refusals_);
  } else if (!is_over()) {
    fail_here(Failure::kTimeout, reason);
  }
}

void ClientConnection::connect(Time now) {
  for (; tried_ < addresses_->size(); ++tried_) {
    Connecting connecting =
        origin_ == nullptr ? connect_to(remote()) : connect_to(remote(), *origin_, number_);
    waiting_since_ = now;
    if (connecting.fd) {
      // The previous socket is closed only here, so the new one never has the same number.
      fd_ = std::move(connecting.fd);
      const auto left = static_cast<Duration::rep>(addresses_->size() - tried_);
      const Duration share = std::max(connect_by_ - now, Duration{0}) / left;
      if (timeout_ > Duration{0}) try_next_at_ = now + share;
      return;
    }
    if (connecting.error == EMFILE || connecting.error == ENFILE) {
      fail(Failure::kDescriptors,
           "cannot open a socket: " + ErrnoText{connecting.error}.to_string());
      return;
    }
    if (connecting.error == EADDRNOTAVAIL) {
      add_refusal(Failure::kNoAddress, no_address_text());
    } else {
      add_refusal(Failure::kConnect, ErrnoText{connecting.error}.to_string());
    }
  }
  fail(failure_kind_, "cannot connect to " + refusals_);
}

void ClientConnection::add_refusal(Failure kind, const std::string& reason) {
  failure_kind_ = kind;
  if (!refusals_.empty()) refusals_ += "; ";
  refusals_ += remote().to_string();
  if (origin_ != nullptr) {
    const Endpoint source = origin_->address_for(remote().family(), number_);
    if (source.family() != AF_UNSPEC) refusals_ += " from " + source.host();
  }
  refusals_ += ": " + reason;
}

void ClientConnection::finish_connecting(Time now) {
  if (const int error = take_error(fd())) {
    try_next_address(Failure::kConnect, ErrnoText{error}.to_string(), now);
    return;
  }
  local_ = local_endpoint(fd());
  // If the target is an ephemeral port of this machine on which no server listens, the kernel may
  // assign this port to the socket, which then connects to itself (simultaneous open, RFC 9293,
  // section 3.5) and echoes perfectly without a server.
  if (local_.to_string() == remote_endpoint(fd()).to_string()) {
    local_ = {};
    try_next_address(Failure::kConnect, ErrnoText{ECONNREFUSED}.to_string(), now);
    return;
  }
  state_ = State::kOpen;
}

void ClientConnection::try_next_address(Failure kind, const std::string& reason, Time now) {
  add_refusal(kind, reason);
  ++tried_;
  connect(now);
}

void ClientConnection::send(Time now) {
  const Moved sent = echo::send(fd(), script_.from(sent_));
  if (sent.would_block()) return;
  if (sent.error != 0) {
    fail_here(Failure::kReset, ErrnoText{sent.error}.to_string());
    return;
  }
  if (received_ == sent_) waiting_since_ = now;
  sent_ += sent.bytes;
}

// Returns false if no data is available.
bool ClientConnection::receive_some(std::span<char> buffer, Time now) {
  const Moved received = receive(fd(), buffer);
  if (received.would_block()) return false;
  waiting_since_ = now;
  if (received.error == 0 && received.bytes > 0) {
    check({buffer.data(), received.bytes});
  } else {
    handle_end(received.error);
  }
  return true;
}

// Compares the bytes with the script. Fails at the first byte that differs or was not sent.
void ClientConnection::check(std::string_view bytes) {
  // The error quotes the first bytes received, which best identify a server that does not echo.
  const std::string_view first_bytes = received_ == 0 ? bytes : std::string_view();
  while (!bytes.empty()) {
    const std::string_view expected = up_to(sent_ - received_, script_.from(received_));
    const std::string_view piece = bytes.substr(0, expected.size());
    const std::size_t exact = length_in_common(piece, expected.substr(0, piece.size()));
    received_ += exact;
    bytes.remove_prefix(exact);
    if (exact == piece.size() && exact > 0) continue;
    fail(Failure::kMismatch, "bytes differ at offset " + std::to_string(received_) + ": " +
                                 (expected.empty() ? "nothing was sent at this offset"
                                                   : "sent 0x" + hex(expected[exact])) +
                                 ", received 0x" + hex(bytes.front()) + " in " +
                                 Payload(first_bytes.empty() ? bytes : first_bytes).to_string());
    return;
  }
}

// Handles EOF (0) or an error of recv(2). After the complete echo, a reset is as good as EOF.
void ClientConnection::handle_end(int error) {
  const bool is_reset = error == ECONNRESET || error == EPIPE;
  if (state_ == State::kHalfClosed && received_ == sent_ && (error == 0 || is_reset)) {
    was_reset_ = is_reset;
    close_socket(State::kDone);
  } else if (error == 0) {
    fail_here(Failure::kClosedEarly, "the server closed early");
  } else {
    fail_here(Failure::kReset, ErrnoText{error}.to_string());
  }
}

// Adds to the reason how much of the echo has been received.
void ClientConnection::fail_here(Failure kind, const std::string& reason) {
  fail(kind, reason + ", at offset " + std::to_string(received_) + " of " +
                 std::to_string(script_.end()));
}

void ClientConnection::fail(Failure kind, const std::string& reason) {
  failure_kind_ = kind;
  failure_ = reason;
  close_socket(State::kFailed);
}

void ClientConnection::close_socket(State state) noexcept {
  if (fd_) path_ = path_info(fd());
  state_ = state;
  fd_.reset();
}

std::string describe_failure(std::uint64_t number, const ClientConnection& connection) {
  std::string text = "connection " + std::to_string(number);
  const bool was_open = connection.local().family() != AF_UNSPEC;
  if (was_open) text.append(" (").append(connection.local().to_string()).append(")");
  return text.append(": ").append(connection.failure());
}

std::string describe_refusals(const std::string& refusals, const Endpoint& instead) {
  return "cannot connect to " + refusals + "; connected to " + instead.to_string() + " instead";
}

}  // namespace echo
