// Checks a Connection of the server with the events of its socket in any order. The reactions must
// be those in connection.h.

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
#include "echo/os/platform.h"
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
        peer_sent_eof_ = true;
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
        if (state_ == State::kOpen && pending() == 0) hang_up();
        break;
      default:
        peer_still_reads();
    }
    check();
  }

  // A closed connection ignores all events. A peer that has not closed receives everything sent.
  void finish() {
    if (is_over()) {
      receive();
      send();
      check();
      require(error_ != 0 || hung_up_ || pending() == 0,
              "without an error, no bytes are pending at the end");
    }
    while (!peer_is_gone_ && peer_received_ < echoed_) {
      const std::uint64_t before = peer_received_;
      peer_receives(kMaxAtOnce);
      require(peer_received_ > before, "everything sent arrives");
    }
  }

 private:
  std::size_t pending() const { return static_cast<std::size_t>(received_ - echoed_); }
  std::size_t unread() const {
    return static_cast<std::size_t>(peer_sent_ - received_ - discarded_);
  }

  bool expects_input() const {
    return (state_ == State::kOpen && !paused_) || state_ == State::kLingering;
  }
  bool expects_output() const {
    return (state_ == State::kOpen || state_ == State::kDraining) && pending() > 0;
  }

  void peer_sends(std::size_t length) {
    if (peer_is_gone_ || peer_sent_eof_) return;
    peer_sent_ += echo::send(pair_.theirs.get(), fuzz::piece(peer_sent_, length)).bytes;
  }

  void peer_receives(std::size_t length) {
    if (peer_is_gone_ || length == 0) return;
    std::string buffer(length, '\0');
    const Moved moved = echo::receive(pair_.theirs.get(), buffer);
    require(fuzz::is_piece(std::string_view(buffer).substr(0, moved.bytes), peer_received_),
            "the echo has the bytes of the peer in order");
    peer_received_ += moved.bytes;
    require(peer_received_ <= echoed_, "the peer receives no more than was counted as sent");
    require(moved.bytes > 0 || peer_received_ == echoed_,
            "everything sent is available to the peer");
    require(moved.bytes > 0 || moved.would_block() || hung_up_,
            "the peer receives EOF only after hang_up()");
    if (moved.bytes > 0) peer_received_since_asked_ = true;
  }

  // One call may receive any part of the available bytes.
  void receive() {
    const bool wanted = expects_input();
    const bool echoes = state_ == State::kOpen;
    const std::size_t room = echoes ? max_queue_ - pending() : kMaxAtOnce;
    const std::size_t expected = wanted ? std::min(unread(), room) : 0;
    const std::uint64_t discarded = connection_.discarded();
    const std::size_t chunk = connection_.receive(pool_, now_);
    if (expected > 0) {
      last_active_ = now_;
      const std::uint64_t taken = echoes ? chunk : connection_.discarded() - discarded;
      require(taken > 0 && taken <= unread(), "a part of the available bytes is received");
      require(chunk == (echoes ? taken : 0), "receive() returns the number of bytes to echo");
      require(taken >= std::min(expected, MessageQueue::kBlockBytes),
              "at least a block is received");
      if (echoes) require_copy(chunk);
      (echoes ? received_ : discarded_) += taken;
      if (echoes) paused_ = pending() >= max_queue_;
      return;
    }
    require(chunk == 0, "no chunk without input that is available and wanted");
    if (wanted && (peer_is_gone_ || peer_sent_eof_)) receive_end();
  }

  void require_copy(std::size_t chunk) const {
    std::string copy(chunk, '\0');
    connection_.queue().copy(pending(), copy);
    require(fuzz::is_piece(copy, received_), "the chunk has the bytes that the peer sent");
  }

  void receive_end() {
    // If the peer closed with unread data, the kernel reports a reset instead of EOF.
    if (peer_is_gone_ && connection_.error() == ECONNRESET) {
      break_with(ECONNRESET);
    } else {
      state_ = state_ == State::kOpen && pending() > 0 ? State::kDraining : State::kClosed;
    }
  }

  void send() {
    const bool wanted = expects_output();
    const std::size_t before = pending();
    const std::size_t sent = connection_.send(pool_, now_);
    require(sent <= (wanted ? before : 0), "no more is sent than is pending");
    if (!wanted) return;
    if (peer_is_gone_) {
      require(sent == 0, "nothing is sent to a peer that has closed");
      require(connection_.error() == EPIPE || connection_.error() == ECONNRESET,
              "sending to a peer that has closed is an error");
      break_with(connection_.error());
      return;
    }
    if (sent == 0) {
      require(peer_received_ < echoed_, "an empty socket has room");
      return;
    }
    echoed_ += sent;
    last_active_ = now_;
    asked_ = false;
    if (pending() <= max_queue_ / 2) paused_ = false;
    if (state_ == State::kDraining && pending() == 0) state_ = State::kClosed;
  }

  void hang_up() {
    connection_.hang_up(now_);
    hung_up_ = true;
    last_active_ = now_;
    state_ = State::kLingering;
  }

  void peer_still_reads() {
    const bool takes = connection_.peer_still_reads(now_);
    const bool has_unread = !peer_is_gone_ && peer_received_ < echoed_;
    const bool has_room = !peer_is_gone_ && !has_unread && pending() > 0;
    if (is_posix_only()) {
      require(!takes, "a build for POSIX only does not know what the peer receives");
    } else if (has_room || (has_unread && (state_ == State::kLingering || !asked_))) {
      require(takes, "a peer with data left to receive may take more");
    } else if (!peer_is_gone_ &&
               (!asked_ || !peer_received_since_asked_ || state_ == State::kLingering)) {
      require(!takes, "a peer that has received everything, or nothing since, takes no more");
    }
    if (takes) last_active_ = now_;
    asked_ = true;
    peer_received_since_asked_ = false;
  }

  void break_with(int error) {
    error_ = error;
    state_ = State::kClosed;
  }

  void check() const {
    require(connection_.state() == state_, "the state matches the events");
    require(connection_.error() == error_, "only a peer that has closed causes an error");
    require(connection_.hung_up() == hung_up_, "hung_up() is true after hang_up()");
    require(connection_.queue().bytes() == pending(), "bytes received and not sent are pending");
    require(pending() <= max_queue_, "at most max_queue bytes are pending");
    require(connection_.discarded() == discarded_, "bytes received after the hang-up are counted");
    require(connection_.wants_input() == expects_input(),
            "input is wanted unless paused, draining or closed");
    require(connection_.wants_output() == expects_output(),
            "output is wanted while bytes are pending");
    require(connection_.last_active() == last_active_,
            "last_active() is the time of the last transfer");
  }

  test::SocketPair pair_ = test::make_socket_pair();
  std::size_t max_queue_;
  Connection connection_;
  BlockPool pool_;
  Time now_{};

  // Offsets in the text that the peer sends.
  std::uint64_t peer_sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t echoed_ = 0;
  std::uint64_t peer_received_ = 0;
  std::uint64_t discarded_ = 0;

  bool peer_sent_eof_ = false;
  bool peer_is_gone_ = false;
  bool asked_ = false;  // peer_still_reads() has been called since the last send.
  bool peer_received_since_asked_ = false;

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
