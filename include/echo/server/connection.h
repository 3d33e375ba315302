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
// An error leads from any state to closed. The connection owns the socket and the queue of pending
// bytes. It has one function per event, which makes one system call. After each event the Server
// passes wants_input() and wants_output() to the Selector, and removes a closed connection.
class Connection {
 public:
  enum class State {
    kOpen,       // Receives and sends.
    kDraining,   // The peer has sent EOF; pending bytes still go out.
    kLingering,  // This side has sent EOF; input is discarded.
    kClosed,     // Finished, or failed: see error().
  };

  // Takes a non-blocking socket. `max_queue`, at least 1, is the maximum of pending bytes.
  Connection(UniqueFd fd, const Endpoint& peer, std::size_t max_queue, Time now);

  // Continues a connection of the previous server. That server has received the `pending` bytes,
  // and EOF if `at_eof` is true, but has not sent these bytes. Call it on a new connection only. If
  // it throws std::bad_alloc, close the connection.
  void resume(std::string_view pending, bool at_eof, BlockPool& pool);

  int fd() const noexcept { return fd_.get(); }
  const Endpoint& peer() const noexcept { return peer_; }
  const MessageQueue& queue() const noexcept { return queue_; }
  State state() const noexcept { return state_; }

  // The errno value of the error that broke the connection; 0 if none did.
  int error() const noexcept { return error_; }

  // When bytes last moved in either direction, or peer_still_reads() last returned true. Initially
  // the time of the accept; hang_up() sets it too.
  Time last_active() const noexcept { return last_active_; }

  // Corrects last_active() if a call has moved bytes long after the `now` that it was given.
  void set_last_active(Time now) noexcept { last_active_ = now; }

  // True if select() must watch for input: while lingering; and while open, until max_queue bytes
  // are pending. Reading then stops until at most half of max_queue is pending, so TCP makes the
  // peer wait.
  bool wants_input() const noexcept {
    return (state_ == State::kOpen && !paused_) || state_ == State::kLingering;
  }

  // True if select() must watch for output: while bytes are pending.
  bool wants_output() const noexcept {
    return (state_ == State::kOpen || state_ == State::kDraining) && !queue_.empty();
  }

  // For a readable connection: receives bytes into the queue and returns their number; 0 if there
  // were none. While lingering, discards the bytes and returns 0. If it throws std::bad_alloc,
  // close the connection. Pass the same pool in every call.
  std::size_t receive(BlockPool& pool, Time now);

  // True if the last receive() found no input.
  bool found_no_input() const noexcept { return dry_; }

  // For a writable connection: sends as much of the queue as the socket takes. Returns the number
  // of bytes sent.
  std::size_t send(BlockPool& pool, Time now);

  // Sends EOF and lingers. Only for an open connection without pending bytes.
  void hang_up(Time now);
  bool hung_up() const noexcept { return hung_up_; }

  // The number of bytes received after hang_up().
  std::uint64_t discarded() const noexcept { return discarded_; }

  // True if the peer still takes bytes from the kernel's buffer, which is activity that select()
  // does not report. It updates last_active() if so. Call it when last_active() is long ago.
  //
  // Open or draining: true in the first call after a send if the buffer has bytes, and then while
  // their number shrinks; also if the buffer is empty and bytes are pending, because there is room
  // for them. Lingering: true while the buffer has bytes, because closing now could reset the
  // connection and lose them.
  bool peer_still_reads(Time now) noexcept;

  // When to close a lingering connection unless bytes move on it; nullopt in other states.
  std::optional<Time> linger_deadline() const noexcept;

  // Gives the socket another number: `copy` refers to the same socket.
  void renumber(UniqueFd copy) noexcept { fd_ = std::move(copy); }

  // Releases the socket, so that the caller can close it politely.
  UniqueFd release_fd() noexcept { return std::move(fd_); }

 private:
  void handle_eof();
  void break_with(int error);

  // This order keeps the members that each event needs next to each other.
  UniqueFd fd_;
  State state_ = State::kOpen;
  bool paused_ = false;
  bool hung_up_ = false;
  bool dry_ = false;
  int error_ = 0;
  std::size_t max_queue_;
  Time last_active_;
  MessageQueue queue_;
  std::optional<std::size_t>
      unacknowledged_;  // The last result in peer_still_reads() since the last send.
  std::uint64_t discarded_ = 0;
  Endpoint peer_;
};

}  // namespace echo
