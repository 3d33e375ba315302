#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"
#include "echo/server/block_pool.h"
#include "echo/server/message_queue.h"

namespace echo {

// One client, as a small state machine:
//
//     open --- peer's EOF ---> draining --- queue sent ---> closed
//      |                                                      ^
//      +--- hang_up() ---> lingering --- peer's EOF ----------+
//
// and an error leads to closed from anywhere. It owns the socket and the queue of what it owes. It
// says what it wants of select() and has one function an event, each making one system call; the
// Server copies the wants to the Selector, and destroys it once it is closed.
class Connection {
 public:
  enum class State {
    kOpen,       // Receives and sends.
    kDraining,   // The peer sends no more; it is still owed its queue.
    kLingering,  // We send no more; what the peer still sends is thrown away.
    kClosed,     // Done, or broken: see error().
  };

  // Takes a non-blocking socket. `max_queue`, at least 1, is the most bytes it will ever owe.
  Connection(UniqueFd fd, const Endpoint& peer, std::size_t max_queue, Time now);

  // Goes on for a server before this one: that has received these bytes and not sent them yet, and
  // perhaps EOF. For a new connection. Throws std::bad_alloc, and is to be closed then.
  void resume(std::string_view owed, bool at_eof, BlockPool& pool);

  int fd() const noexcept { return fd_.get(); }
  const Endpoint& peer() const noexcept { return peer_; }
  const MessageQueue& queue() const noexcept { return queue_; }
  State state() const noexcept { return state_; }

  // Why it broke, as an errno value; 0 where it did not.
  int error() const noexcept { return error_; }

  // When bytes last moved on it, in either direction, as far as select() tells; or it was accepted,
  // or hung up on.
  Time last_active() const noexcept { return last_active_; }

  // It was active as late as that: the call that moved the bytes may have come long after the
  // `now` it was given.
  void set_last_active(Time now) noexcept { last_active_ = now; }

  // Whether select() is to watch for input: while open, until max_queue bytes are owed, and then
  // again once half of them are gone, so that TCP tells the peer to wait meanwhile.
  bool wants_input() const noexcept {
    return (state_ == State::kOpen && !paused_) || state_ == State::kLingering;
  }

  // Whether select() is to watch for output: while something is owed.
  bool wants_output() const noexcept {
    return (state_ == State::kOpen || state_ == State::kDraining) && !queue_.empty();
  }

  // select() reported it readable: receives a chunk into the queue. Returns its length; 0 where
  // there was none. Throws std::bad_alloc, and is to be closed then. The pool is the queue's.
  std::size_t receive(BlockPool& pool, Time now);

  // Whether the last receive() found nothing there.
  bool is_dry() const noexcept { return dry_; }

  // select() reported it writable: sends what it takes of the queue. Returns how many bytes went.
  std::size_t send(BlockPool& pool, Time now);

  // Sends EOF and lingers. For an open connection that is owed nothing.
  void hang_up(Time now);
  bool hung_up() const noexcept { return hung_up_; }

  // How many bytes came after that.
  std::uint64_t discarded() const noexcept { return discarded_; }

  // Whether the peer takes what the system still holds for it, which is activity that select() does
  // not tell of. For when last_active() is long ago; if so, that is now. Of an open connection it
  // is said once, and again as long as less is held each time, and when nothing is held while bytes
  // are pending: there is room for them. Of a lingering one, as long as anything is held: closed
  // before, it would lose that to a reset if the peer sent something more.
  bool takes_more(Time now) noexcept;

  // When it is closed if nothing moves on it; nullopt unless it lingers.
  std::optional<Time> linger_deadline() const noexcept;

  // Gives up the socket, to be closed in some other way than at once.
  UniqueFd release_fd() noexcept { return std::move(fd_); }

 private:
  void handle_eof();
  void break_with(int error);

  // What each event needs comes first, so that it lies together.
  UniqueFd fd_;
  State state_ = State::kOpen;
  bool paused_ = false;
  bool hung_up_ = false;
  bool dry_ = false;
  int error_ = 0;
  std::size_t max_queue_;
  Time last_active_;
  MessageQueue queue_;
  std::optional<std::size_t> held_;  // What takes_more() found last, if it was after the last send.
  std::uint64_t discarded_ = 0;
  Endpoint peer_;
};

}  // namespace echo
