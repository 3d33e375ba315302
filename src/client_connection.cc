#include "echo/client_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "echo/errno_text.h"
#include "echo/escape.h"
#include "echo/socket.h"

namespace echo {
ClientConnection::ClientConnection(const std::vector<Endpoint>& addresses, const Script& script,
                                   Duration timeout, Time now)
    : script_(script), timeout_(timeout), waiting_since_(now), addresses_(addresses) {
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
  if (!wants_input()) return;
  const Moved received = receive(fd(), buffer);
  if (received.would_block()) return;
  waiting_since_ = now;
  if (received.error != 0) {
    fail_here(Failure::kReset, ErrnoText{received.error}.to_string());
  } else if (received.bytes == 0) {
    handle_eof();
  } else {
    check({buffer.data(), received.bytes});
  }
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
  const bool waits = state_ == State::kConnecting || state_ == State::kHalfClosed ||
                     (state_ == State::kOpen && received_ < sent_);
  return waits && timeout_ > Duration{0} ? waiting_since_ + timeout_ : Time::max();
}

void ClientConnection::handle_timeout(Time now) {
  if (is_over()) return;
  const std::string reason = "no answer within " + format_duration(timeout_);
  if (state_ == State::kConnecting) {
    try_next_address(Failure::kConnectTimeout, reason, now);
  } else {
    fail_here(Failure::kTimeout, reason);
  }
}

void ClientConnection::connect(Time now) {
  for (; address_ < addresses_.size(); ++address_) {
    Connecting connecting = connect_to(addresses_[address_]);
    fd_ = std::move(connecting.fd);
    waiting_since_ = now;
    if (fd_) return;
    const std::string reason = ErrnoText{connecting.error}.to_string();
    if (connecting.error == EMFILE || connecting.error == ENFILE) {
      fail(Failure::kDescriptors, "cannot open a socket: " + reason);
      return;
    }
    const bool has_no_address = connecting.error == EADDRNOTAVAIL;
    note_refusal(has_no_address ? Failure::kNoAddress : Failure::kConnect, reason);
  }
  fail(failure_kind_, "cannot connect to " + refusals_);
}

void ClientConnection::note_refusal(Failure kind, const std::string& reason) {
  failure_kind_ = kind;
  if (!refusals_.empty()) refusals_ += "; ";
  refusals_ += addresses_[address_].to_string() + ": " + reason;
}

void ClientConnection::finish_connecting(Time now) {
  if (const int error = take_error(fd())) {
    try_next_address(Failure::kConnect, ErrnoText{error}.to_string(), now);
    return;
  }
  local_ = local_endpoint(fd());
  // With nobody listening on an ephemeral port of this machine, the socket may be given that very
  // port and meet itself (RFC 9293, section 3.5, simultaneous open): a perfect echo of nobody.
  if (local_.to_string() == remote_endpoint(fd()).to_string()) {
    local_ = {};
    try_next_address(Failure::kConnect, ErrnoText{ECONNREFUSED}.to_string(), now);
    return;
  }
  state_ = State::kOpen;
}

void ClientConnection::try_next_address(Failure kind, const std::string& reason, Time now) {
  note_refusal(kind, reason);
  ++address_;
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

// What came back must be what was sent, and no more than that.
void ClientConnection::check(std::string_view bytes) {
  while (!bytes.empty() && received_ < sent_) {
    const std::string_view expected =
        script_.from(received_).substr(0, static_cast<std::size_t>(sent_ - received_));
    const std::string_view piece = bytes.substr(0, expected.size());
    if (!expected.starts_with(piece)) {
      fail_of_difference(piece, expected);
      return;
    }
    received_ += piece.size();
    bytes.remove_prefix(piece.size());
  }
  if (!bytes.empty()) {
    fail(Failure::kMismatch, "bytes differ at offset " + std::to_string(received_) +
                                 ": nothing was sent there, received 0x" + hex(bytes.front()));
  }
}

void ClientConnection::fail_of_difference(std::string_view bytes, std::string_view expected) {
  const auto [differs, byte] = std::mismatch(bytes.begin(), bytes.end(), expected.begin());
  received_ += static_cast<std::uint64_t>(differs - bytes.begin());
  fail(Failure::kMismatch, "bytes differ at offset " + std::to_string(received_) + ": sent 0x" +
                               hex(*byte) + ", received 0x" + hex(*differs));
}

void ClientConnection::handle_eof() {
  if (state_ == State::kHalfClosed && received_ == sent_) {
    state_ = State::kDone;
    fd_.reset();
  } else {
    fail_here(Failure::kClosedEarly, "the server closed early");
  }
}

// With how far the echo had come.
void ClientConnection::fail_here(Failure kind, const std::string& reason) {
  fail(kind, reason + ", at offset " + std::to_string(received_) + " of " +
                 std::to_string(script_.end()));
}

void ClientConnection::fail(Failure kind, const std::string& reason) {
  failure_kind_ = kind;
  failure_ = reason;
  state_ = State::kFailed;
  fd_.reset();
}

std::string describe_failure(std::uint64_t number, const ClientConnection& connection) {
  std::string text = "connection " + std::to_string(number);
  const bool was_open = connection.local().family() != AF_UNSPEC;
  if (was_open) text.append(" (").append(connection.local().to_string()).append(")");
  return text.append(": ").append(connection.failure());
}

}  // namespace echo
