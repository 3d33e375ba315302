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

// The connection to one client, as a small state machine:
//
//     open --- peer's EOF ---> draining --- queue sent ---> closed
//      |                                                      ^
//      +--- hang_up() ---> lingering --- peer's EOF ----------+
//
// and an error leads to closed from any state. It owns the socket and the queue of pending bytes.
// It wants input and output of select(), and has one function for each event, which makes one
// system call; the Server copies the wants to the Selector, and removes it once it is closed.
class Connection {
 public:
  enum class State {
    kOpen,       // Receives and sends.
    kDraining,   // The peer sends no more; its pending bytes still go out.
    kLingering,  // We send no more; what the peer still sends is thrown away.
    kClosed,     // Done, or broken: see error().
  };

  // Takes a non-blocking socket. `max_queue`, at least 1, is the most pending bytes.
  Connection(UniqueFd fd, const Endpoint& peer, std::size_t max_queue, Time now);

  // Goes on for the server before this one, which has received these bytes and not sent them yet,
  // and perhaps EOF. For a new connection. Throws std::bad_alloc; close it then.
  void resume(std::string_view pending, bool at_eof, BlockPool& pool);

  int fd() const noexcept { return fd_.get(); }
  const Endpoint& peer() const noexcept { return peer_; }
  const MessageQueue& queue() const noexcept { return queue_; }
  State state() const noexcept { return state_; }

  // The errno value of the error that broke it; 0 if none did.
  int error() const noexcept { return error_; }

  // When bytes last moved on it, in either direction, as far as select() reports; or when it was
  // accepted, or hung up on.
  Time last_active() const noexcept { return last_active_; }

  // For a call that moved bytes long after the `now` that it was given.
  void set_last_active(Time now) noexcept { last_active_ = now; }

  // Whether select() must watch for input: while open, until max_queue bytes are pending; and again
  // once half of them are gone, so that TCP makes the peer wait meanwhile.
  bool wants_input() const noexcept {
    return (state_ == State::kOpen && !paused_) || state_ == State::kLingering;
  }

  // Whether select() must watch for output: while bytes are pending.
  bool wants_output() const noexcept {
    return (state_ == State::kOpen || state_ == State::kDraining) && !queue_.empty();
  }

  // select() reported it readable: receives a chunk into the queue. Returns its length; 0 if there
  // was none. Throws std::bad_alloc; close it then. The pool is the queue's.
  std::size_t receive(BlockPool& pool, Time now);

  // Whether the last receive() found nothing there.
  bool is_dry() const noexcept { return dry_; }

  // select() reported it writable: sends what the socket takes of the queue. Returns how many bytes
  // went.
  std::size_t send(BlockPool& pool, Time now);

  // Sends EOF and lingers. For an open connection without pending bytes.
  void hang_up(Time now);
  bool hung_up() const noexcept { return hung_up_; }

  // How many bytes came after that.
  std::uint64_t discarded() const noexcept { return discarded_; }

  // Whether the peer takes what the kernel still holds for it, which is activity that select() does
  // not report. For a connection whose last_active() is long ago; if it does, that is now.
  //
  // Open: true the first time, and while the amount shrinks; and if it is 0 while bytes are
  // pending, since there is room for them. Lingering: true while there is any, because closing now
  // could reset the connection and lose it.
  bool takes_more(Time now) noexcept;

  // When a connection that lingers must be closed unless something moves on it; else nullopt.
  std::optional<Time> linger_deadline() const noexcept;

  // Gives up the socket, so that the caller can close it politely.
  UniqueFd release_fd() noexcept { return std::move(fd_); }

 private:
  void handle_eof();
  void break_with(int error);

  // In this order the members that each event needs lie together.
  UniqueFd fd_;
  State state_ = State::kOpen;
  bool paused_ = false;
  bool hung_up_ = false;
  bool dry_ = false;
  int error_ = 0;
  std::size_t max_queue_;
  Time last_active_;
  MessageQueue queue_;
  std::optional<std::size_t> held_;  // What takes_more() found last, since the last send.
  std::uint64_t discarded_ = 0;
  Endpoint peer_;
};

}  // namespace echo
