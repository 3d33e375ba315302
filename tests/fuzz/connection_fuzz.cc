// One client of the server's and the events of its socket, in any order, against what
// connection.h says of each.

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "echo/server/block_pool.h"
#include "echo/server/connection.h"
#include "echo/server/message_queue.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using fuzz::require;
using State = Connection::State;

constexpr std::size_t kMaxAtOnce = 10000;

class Link {
 public:
  explicit Link(std::size_t max_queue)
      : max_queue_(max_queue), connection_(std::move(pair_.ours), Endpoint(), max_queue, Time{}) {
    constexpr int kSmall = 1;
    ::setsockopt(connection_.fd(), SOL_SOCKET, SO_SNDBUF, &kSmall, sizeof kSmall);
  }

  bool is_over() const { return state_ == State::kClosed; }

  void step(fuzz::Input& input) {
    enum Step {
      kPeerSends,
      kPeerReceives,
      kPeerHalfCloses,
      kPeerCloses,
      kReceive,
      kSend,
      kHangUp,
      kTakesMore,
      kSteps
    };
    now_ += std::chrono::seconds{1};
    switch (input.byte() % kSteps) {
      case kPeerSends:
        peer_sends(input.number(kMaxAtOnce));
        break;
      case kPeerReceives:
        peer_receives(input.number(kMaxAtOnce));
        break;
      case kPeerHalfCloses:
        shut_down_sending(pair_.theirs.get());
        peer_said_eof_ = true;
        break;
      case kPeerCloses:
        pair_.theirs.reset();
        peer_is_gone_ = true;
        break;
      case kReceive:
        receive();
        break;
      case kSend:
        send();
        break;
      case kHangUp:
        if (state_ == State::kOpen && owed() == 0) hang_up();
        break;
      default:
        takes_more();
    }
    check();
  }

  // Once it is closed nothing happens any more, and the peer that stayed has all that it may have.
  void finish() {
    if (is_over()) {
      receive();
      send();
      check();
      require(error_ != 0 || hung_up_ || owed() == 0, "an end without an error leaves no debt");
    }
    while (!peer_is_gone_ && got_back_ < echoed_) {
      const std::uint64_t before = got_back_;
      peer_receives(kMaxAtOnce);
      require(got_back_ > before, "what was sent arrives");
    }
  }

 private:
  std::size_t owed() const { return static_cast<std::size_t>(received_ - echoed_); }
  std::size_t unread() const { return static_cast<std::size_t>(said_ - received_ - discarded_); }

  bool expects_input() const {
    return (state_ == State::kOpen && !paused_) || state_ == State::kLingering;
  }
  bool expects_output() const {
    return (state_ == State::kOpen || state_ == State::kDraining) && owed() > 0;
  }

  void peer_sends(std::size_t length) {
    if (peer_is_gone_ || peer_said_eof_) return;
    said_ += echo::send(pair_.theirs.get(), fuzz::piece(said_, length)).bytes;
  }

  void peer_receives(std::size_t length) {
    if (peer_is_gone_ || length == 0) return;
    std::string buffer(length, '\0');
    const Moved moved = echo::receive(pair_.theirs.get(), buffer);
    require(fuzz::is_piece(std::string_view(buffer).substr(0, moved.bytes), got_back_),
            "what comes back is what was sent, in order");
    got_back_ += moved.bytes;
    require(got_back_ <= echoed_, "nothing comes back that was not counted as sent");
    require(moved.bytes > 0 || got_back_ == echoed_, "nothing waits for ever");
    require(moved.bytes > 0 || moved.would_block() || hung_up_, "EOF comes of a hang-up only");
    if (moved.bytes > 0) taken_since_asked_ = true;
  }

  // How much it takes at a time is its own affair, as long as it takes what is there in the end.
  void receive() {
    const bool wanted = expects_input();
    const bool echoes = state_ == State::kOpen;
    const std::size_t room = echoes ? max_queue_ - owed() : kMaxAtOnce;
    const std::size_t expected = wanted ? std::min(unread(), room) : 0;
    const std::uint64_t discarded = connection_.discarded();
    const std::size_t chunk = connection_.receive(pool_, now_);
    if (expected > 0) {
      last_active_ = now_;
      const std::uint64_t taken = echoes ? chunk : connection_.discarded() - discarded;
      require(taken > 0 && taken <= unread(), "something of what is there is received");
      require(chunk == (echoes ? taken : 0), "a chunk is what is echoed");
      require(taken >= std::min(expected, MessageQueue::kBlockBytes), "a block of it at least");
      if (echoes) require_copy(chunk);
      (echoes ? received_ : discarded_) += taken;
      if (echoes) paused_ = owed() >= max_queue_;
      return;
    }
    require(chunk == 0, "nothing is received where there is nothing, or none is wanted");
    if (wanted && (peer_is_gone_ || peer_said_eof_)) hear_the_end();
  }

  void require_copy(std::size_t chunk) const {
    std::string copy(chunk, '\0');
    connection_.queue().copy(owed(), copy);
    require(fuzz::is_piece(copy, received_), "the chunk is what the peer sent");
  }

  void hear_the_end() {
    // A peer that went without reading all it was sent leaves an error in place of EOF.
    if (peer_is_gone_ && connection_.error() == ECONNRESET) {
      break_with(ECONNRESET);
    } else {
      state_ = state_ == State::kOpen && owed() > 0 ? State::kDraining : State::kClosed;
    }
  }

  void send() {
    const bool wanted = expects_output();
    const std::size_t before = owed();
    const std::size_t sent = connection_.send(pool_, now_);
    require(sent <= (wanted ? before : 0), "no more is sent than is owed");
    if (!wanted) return;
    if (peer_is_gone_) {
      require(sent == 0, "nothing goes to a peer that is gone");
      require(connection_.error() == EPIPE || connection_.error() == ECONNRESET,
              "a peer that is gone is an error");
      break_with(connection_.error());
      return;
    }
    if (sent == 0) {
      require(got_back_ < echoed_, "an empty socket takes something");
      return;
    }
    echoed_ += sent;
    last_active_ = now_;
    asked_ = false;
    if (owed() <= max_queue_ / 2) paused_ = false;
    if (state_ == State::kDraining && owed() == 0) state_ = State::kClosed;
  }

  void hang_up() {
    connection_.hang_up(now_);
    hung_up_ = true;
    last_active_ = now_;
    state_ = State::kLingering;
  }

  void takes_more() {
    const bool takes = connection_.takes_more(now_);
    const bool holds = !peer_is_gone_ && got_back_ < echoed_;
    const bool has_room = !peer_is_gone_ && !holds && owed() > 0;
    if (has_room || (holds && (state_ == State::kLingering || !asked_))) {
      require(takes, "a peer that has not all yet may take more");
    } else if (!peer_is_gone_ && (!asked_ || !taken_since_asked_ || state_ == State::kLingering)) {
      require(!takes, "a peer that has all, or took nothing, takes no more");
    }
    if (takes) last_active_ = now_;
    asked_ = true;
    taken_since_asked_ = false;
  }

  void break_with(int error) {
    error_ = error;
    state_ = State::kClosed;
  }

  void check() const {
    require(connection_.state() == state_, "the state follows from the events");
    require(connection_.error() == error_, "an error comes of a peer that is gone only");
    require(connection_.hung_up() == hung_up_, "it hung up when it was told to");
    require(connection_.queue().bytes() == owed(), "it owes what it received and has not sent");
    require(owed() <= max_queue_, "it owes max_queue at most");
    require(connection_.discarded() == discarded_, "what comes after the hang-up is counted");
    require(connection_.wants_input() == expects_input(), "input is wanted as far as it is owed");
    require(connection_.wants_output() == expects_output(), "output is wanted while it is owed");
    require(connection_.last_active() == last_active_, "it was active when bytes moved");
  }

  test::SocketPair pair_ = test::make_socket_pair();
  std::size_t max_queue_;
  Connection connection_;
  BlockPool pool_;
  Time now_{};

  // How far each has come in the peer's text.
  std::uint64_t said_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t echoed_ = 0;
  std::uint64_t got_back_ = 0;
  std::uint64_t discarded_ = 0;

  bool peer_said_eof_ = false;
  bool peer_is_gone_ = false;
  bool asked_ = false;  // By takes_more(), since the last send.
  bool taken_since_asked_ = false;

  State state_ = State::kOpen;
  bool paused_ = false;
  bool hung_up_ = false;
  int error_ = 0;
  Time last_active_{};
};

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::fuzz::Input input(data, size);
  echo::Link link(1 + input.number(2 * echo::kMaxAtOnce));
  while (!input.empty() && !link.is_over()) link.step(input);
  link.finish();
  return 0;
}
