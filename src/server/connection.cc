#include "echo/server/connection.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include "echo/os/platform.h"
#include "echo/os/socket.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

// How long a lingering connection waits for input once the peer has taken all bytes.
constexpr Duration kMaxLinger = 250ms;

}  // namespace

Connection::Connection(UniqueFd fd, const Endpoint& peer, std::size_t max_queue, Time now)
    : fd_(std::move(fd)), max_queue_(max_queue), last_active_(now), peer_(peer) {}

void Connection::resume(std::string_view pending, bool at_eof, BlockPool& pool) {
  queue_.push(pending, pool);
  paused_ = queue_.bytes() >= max_queue_;
  if (at_eof) handle_eof();
}

std::size_t Connection::receive(BlockPool& pool, Time now) {
  dry_ = false;
  if (!wants_input()) return 0;
  const bool echoing = state_ == State::kOpen;
  const Moved received =
      echoing ? queue_.receive(fd(), max_queue_ - queue_.bytes(), pool) : discard(fd());
  dry_ = received.would_block();
  if (received.would_block()) return 0;
  if (received.error != 0) {
    break_with(received.error);
    return 0;
  }
  if (received.bytes == 0) {
    handle_eof();
    return 0;
  }
  last_active_ = now;
  if (!echoing) {
    discarded_ += received.bytes;
    return 0;
  }
  paused_ = queue_.bytes() >= max_queue_;
  return received.bytes;
}

std::size_t Connection::send(BlockPool& pool, Time now) {
  if (!wants_output()) return 0;
  const Moved sent = queue_.flush(fd(), pool);
  if (sent.would_block()) return 0;
  if (sent.error != 0) {
    break_with(sent.error);
    return 0;
  }
  last_active_ = now;
  unacknowledged_.reset();
  if (queue_.bytes() <= max_queue_ / 2) paused_ = false;
  if (state_ == State::kDraining && queue_.empty()) state_ = State::kClosed;
  return sent.bytes;
}

void Connection::hang_up(Time now) {
  shut_down_sending(fd());
  hung_up_ = true;
  last_active_ = now;
  state_ = State::kLingering;
}

bool Connection::peer_still_reads(Time now) noexcept {
  const std::optional<std::size_t> counted = unacknowledged(fd());
  const std::size_t held = counted.value_or(0);
  const bool has_room = counted == std::size_t{0} && !queue_.empty();
  const bool takes = unacknowledged_ ? held < *unacknowledged_ : held > 0;
  const bool moves = state_ == State::kLingering ? held > 0 : takes || has_room;
  if (moves) last_active_ = now;
  unacknowledged_ = held;
  return moves;
}

std::optional<Time> Connection::linger_deadline() const noexcept {
  return state_ == State::kLingering ? std::optional(last_active_ + kMaxLinger) : std::nullopt;
}

void Connection::handle_eof() { state_ = queue_.empty() ? State::kClosed : State::kDraining; }

void Connection::break_with(int error) {
  error_ = error;
  state_ = State::kClosed;
}

}  // namespace echo
