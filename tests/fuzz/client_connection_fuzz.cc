// Checks a ClientConnection against a server that answers correctly or wrongly. Each outcome must
// be the one that client_connection.h specifies.

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/base/escape.h"
#include "echo/base/time.h"
#include "echo/client/client_connection.h"
#include "echo/client/transcript.h"
#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using fuzz::require;
using State = ClientConnection::State;

constexpr std::size_t kMaxAtOnce = 5000;
constexpr Duration kTimeout = std::chrono::seconds{10};

// The listener for all connections.
struct Listener {
  UniqueFd fd = listen_on(resolve("127.0.0.1", 0).front(), 1, false);
  ClientConnection::Addresses addresses =
      std::make_shared<const std::vector<Endpoint>>(1, local_endpoint(fd.get()));
};

class Dialogue {
 public:
  Dialogue(const Listener& listener, std::size_t buffer_size)
      : connection_(listener.addresses, 0, transcript_, kTimeout, Time{}), buffer_(buffer_size) {
    constexpr int kSmall = 1;
    ::setsockopt(connection_.fd(), SOL_SOCKET, SO_SNDBUF, &kSmall, sizeof kSmall);
    require(test::wait_readable(listener.fd.get()), "the connection reaches the listener");
    server_ = std::move(accept_from(listener.fd.get()).fd);
    require(test::wait_writable(connection_.fd()), "the socket becomes writable once connected");
    connection_.handle_writable(now_);
    // Thousands of connections end per second. Resets leave none of their addresses in TIME_WAIT.
    test::reset_on_close(connection_.fd());
    test::reset_on_close(server_.get());
    check();
  }

  bool is_over() const { return state_ == State::kDone || state_ == State::kFailed; }

  void step(fuzz::Input& input) {
    enum Step {
      kAppend,
      kFinish,
      kSend,
      kHalfClose,
      kForget,
      kServerReceives,
      kAnswer,
      kAnswerWrong,
      kAnswerTooMuch,
      kEnd,
      kSteps
    };
    now_ += std::chrono::seconds{1};
    switch (input.byte() % kSteps) {
      case kAppend:
        if (!transcript_.finished()) append(input.number(kMaxAtOnce));
        break;
      case kFinish:
        transcript_.finish();
        break;
      case kSend:
        send();
        break;
      case kHalfClose:
        half_close();
        break;
      case kForget:
        transcript_.forget_before(received_);
        break;
      case kServerReceives:
        server_receives(input.number(kMaxAtOnce));
        break;
      case kAnswer:
        answer(fuzz::piece(received_, std::min(input.number(kMaxAtOnce), unanswered())));
        break;
      case kAnswerWrong:
        if (unanswered() > 0)
          answer_wrong(input.number(std::min(kMaxAtOnce, unanswered() - 1)), input.byte());
        break;
      case kAnswerTooMuch:
        answer_too_much(1 + input.number(kMaxAtOnce));
        break;
      default:
        end(input.byte());
    }
    check();
  }

  // If the connection is done, the server has received everything too, except after a reset.
  void finish() {
    if (state_ != State::kDone || !server_) return;
    require(received_ == transcript_.end(), "a connection is done only after the complete echo");
    while (server_received_ < sent_) {
      const std::uint64_t before = server_received_;
      server_receives(kMaxAtOnce);
      require(server_received_ > before, "everything sent arrives at the server");
    }
  }

 private:
  // Bytes that the server has not sent back yet.
  std::size_t unanswered() const { return static_cast<std::size_t>(sent_ - received_); }

  bool expects_output() const { return state_ == State::kOpen && sent_ < transcript_.end(); }

  void append(std::size_t length) { transcript_.append(fuzz::piece(transcript_.end(), length)); }

  void send() {
    const bool wanted = expects_output();
    const bool waited = received_ < sent_;
    connection_.handle_writable(now_);
    const std::uint64_t sent = connection_.sent() - sent_;
    require(wanted || sent == 0, "only an open connection with unsent bytes sends");
    sent_ += sent;
    require(sent_ <= transcript_.end(), "no more is sent than was appended");
    if (sent > 0 && !waited) waiting_since_ = now_;
  }

  void half_close() {
    connection_.half_close(now_);
    if (state_ != State::kOpen || !transcript_.finished() || sent_ < transcript_.end()) return;
    state_ = State::kHalfClosed;
    waiting_since_ = now_;
  }

  void server_receives(std::size_t length) {
    std::string buffer(length, '\0');
    const std::size_t got = receive(server_.get(), buffer).bytes;
    require(fuzz::is_piece(std::string_view(buffer).substr(0, got), server_received_),
            "the server receives the transcript");
    server_received_ += got;
    require(server_received_ <= sent_, "no more arrives than was counted as sent");
  }

  // The server sends `text`, an exact echo, and the connection receives all of it.
  void answer(std::string_view text) {
    if (text.empty()) return;
    const std::uint64_t end = received_ + text.size();
    server_sends(text);
    while (connection_.received() < end && !connection_.is_over()) receive_once();
    require(connection_.received() == end, "every exact byte is counted as received");
    received_ = end;
  }

  void answer_wrong(std::size_t exact, std::uint8_t difference) {
    std::string text = fuzz::piece(received_, unanswered());
    const char right = text[exact];
    const char wrong = static_cast<char>(right ^ (difference == 0 ? 1 : difference));
    text[exact] = wrong;
    server_sends(text);
    received_ += exact;
    receive_until_over();
    fail("bytes differ at offset " + std::to_string(received_) + ": sent 0x" + hex(right) +
         ", received 0x" + hex(wrong) + " in ");
  }

  void answer_too_much(std::size_t more) {
    const std::string text = fuzz::piece(received_, unanswered() + more);
    const char surplus = text[unanswered()];
    server_sends(text);
    received_ = sent_;
    receive_until_over();
    fail("bytes differ at offset " + std::to_string(received_) +
         ": nothing was sent at this offset, received 0x" + hex(surplus) + " in ");
  }

  void end(std::uint8_t kind) {
    enum Kind { kEof, kReset, kUrgent, kTooLate, kKinds };
    const std::string offset =
        ", at offset " + std::to_string(received_) + " of " + std::to_string(transcript_.end());
    switch (kind % kKinds) {
      case kEof:
        shut_down_sending(server_.get());
        receive_until_over();
        if (state_ == State::kHalfClosed && received_ == sent_) {
          state_ = State::kDone;
        } else {
          fail("the server closed early" + offset);
        }
        break;
      case kReset:
        server_.reset();
        receive_until_over();
        if (state_ == State::kHalfClosed && received_ == sent_) {
          state_ = State::kDone;
        } else {
          fail("Connection reset by peer" + offset);
        }
        break;
      case kUrgent:
        connection_.handle_exceptional();
        fail("the server sent urgent data" + offset);
        break;
      default:
        time_out();
    }
  }

  // All data has been received before. The connection may fail only if it waits for something.
  void time_out() {
    const bool waits = state_ == State::kHalfClosed || received_ < sent_;
    now_ = std::max(now_, waiting_since_ + kTimeout);
    connection_.handle_timeout(buffer_, now_);
    if (!waits) return;
    fail("no answer within 10s, at offset " + std::to_string(received_) + " of " +
         std::to_string(transcript_.end()));
  }

  void server_sends(std::string_view text) {
    while (!text.empty()) {
      const Moved moved = echo::send(server_.get(), text);
      require(moved.error == 0, "the server can send its answer");
      text.remove_prefix(moved.bytes);
    }
  }

  void receive_once() {
    require(test::wait_readable(connection_.fd()), "an answer arrives");
    connection_.handle_readable(buffer_, now_);
    require(connection_.received() <= sent_, "no more is counted as exact than was sent");
    waiting_since_ = now_;
  }

  void receive_until_over() {
    while (!connection_.is_over()) receive_once();
  }

  void fail(const std::string& failure) {
    state_ = State::kFailed;
    failure_ = failure;
  }

  void check() const {
    require(connection_.state() == state_, "the state matches the events");
    // The end of the text depends on how many bytes one recv(2) returned.
    require(connection_.failure().starts_with(failure_),
            "a failure describes the error and its offset");
    require(connection_.failure().empty() == failure_.empty(),
            "exactly the failed connections have a failure text");
    require(connection_.sent() == sent_, "sent() is the number of bytes sent");
    require(connection_.received() == received_,
            "received() is the number of exact bytes received");
    require(connection_.is_over() == is_over(), "is_over() is true when done or failed");
    require((connection_.fd() < 0) == is_over(),
            "exactly the connections that are over have no socket");
    require(connection_.wants_input() == (state_ == State::kOpen || state_ == State::kHalfClosed),
            "input is wanted while open or half-closed");
    require(connection_.wants_output() == expects_output(),
            "output is wanted while unsent bytes exist");
    const bool waits =
        state_ == State::kHalfClosed || (state_ == State::kOpen && received_ < sent_);
    require(connection_.deadline() == (waits ? waiting_since_ + kTimeout : Time::max()),
            "the timeout counts from the last answer");
  }

  Transcript transcript_;
  ClientConnection connection_;
  std::vector<char> buffer_;
  UniqueFd server_;
  Time now_{};

  // Offsets in the transcript.
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t server_received_ = 0;

  State state_ = State::kOpen;
  std::string failure_;
  Time waiting_since_{};
};

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const echo::Listener kListener;
  echo::fuzz::Input input(data, size);
  echo::Dialogue dialogue(kListener, 1 + input.number(2 * echo::kMaxAtOnce));
  while (!input.empty() && !dialogue.is_over()) dialogue.step(input);
  dialogue.finish();
  return 0;
}
