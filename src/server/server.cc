#include "echo/server/server.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <new>
#include <utility>

#include "echo/base/errno_text.h"
#include "echo/base/format.h"
#include "echo/os/socket.h"

namespace echo {

using namespace std::chrono_literals;

Server::Server(const ServerSettings& settings, Log& log, Signals& signals, ServiceManager& manager,
               StartupSockets startup_sockets, std::function<Time()> clock)
    : settings_(settings),
      log_(log),
      signals_(signals),
      manager_(manager),
      clock_(std::move(clock)),
      started_(clock_()),
      now_(started_),
      connections_(settings.max_per_host),
      acceptor_(settings_, log, selector_, connections_,
                [this](Accepted client) { add(std::move(client.fd), client.peer); }),
      restart_(log, manager) {
  selector_.watch_input(signals_.fd(), true);
  selector_.keep_active(signals_.fd());
  HandoverReader& handover = startup_sockets.handover;
  std::vector<Accepted> waiting =
      acceptor_.listen(std::move(startup_sockets.listeners), handover.listeners());
  restart_.restore(handover, [this](RestoredConnection restored, const Endpoint& peer) {
    settle(add(std::move(restored.fd), peer, restored.pending, restored.at_eof));
  });
  for (Accepted& client : waiting) acceptor_.admit(std::move(client), now_);
  restart_.keep_spare_descriptors();
  manager_.announce_ready();
  notify_manager();
}

bool Server::run() {
  while (turn()) {
  }
  acceptor_.log_last_refusals();
  log_.info("done: ", statistics());
  return !acceptor_.has_failed();
}

bool Server::turn() {
  log_.debug("waiting for the next event");
  if (send_new_output()) return true;
  const int error = selector_.wait(time_to_next_deadline());
  now_ = clock_();
  if (error != 0 && select_error_log_limit_.note(now_)) {
    log_.error("select: ", ErrnoText{error});
  }
  const bool found_nothing =
      error == 0 && selector_.readable().empty() && selector_.writable().empty();
  handle_signals();  // Even if their pipe is not readable: select() may fail forever.

  for (const int fd : selector_.readable()) {
    if (acceptor_.listeners().contains(fd)) {
      acceptor_.accept(fd, now_);
    } else if (fd != signals_.fd()) {
      handle_readable(connections_[fd]);
    }
  }
  for (const int fd : selector_.writable()) handle_writable(connections_[fd]);
  for (const int fd : selector_.exceptional()) handle_exceptional(connections_[fd]);

  handle_timeouts(found_nothing);
  notify_manager();
  return !acceptor_.listeners().empty() || !connections_.empty();
}

// Usually the bytes that the last turn received can be sent. Such a turn does no more: the next one
// reads the clock and handles signals and timeouts. It may sleep before that, so a drain, which
// hangs up on each connection whose queue has become empty, has no such turns.
bool Server::send_new_output() {
  if (drain_timeout_.is_running() || !selector_.find_writable()) return false;
  for (const int fd : selector_.writable()) handle_writable(connections_[fd]);
  notify_manager();
  return true;
}

Connection& Server::add(UniqueFd socket, const Endpoint& peer, std::string_view pending,
                        bool at_eof) {
  Connection connection(std::move(socket), peer, settings_.max_queue, clock_());
  const int fd = connection.fd();
  pool_.set_capacity(connections_.size() + 1);
  connection.resume(pending, at_eof, pool_);
  selector_.reserve(fd + 1);
  Connection& added = connections_.add(std::move(connection));
  // Nothing below can run out of memory.
  selector_.watch_input(fd, true);
  if (drain_timeout_.is_running()) selector_.keep_active(fd);
  return added;
}

// Gives the connection's socket the lowest free number from `at_least` on, if that is possible, and
// returns its number.
int Server::renumber(int fd, int at_least) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, at_least));
  const int number = copy.get();
  if (!copy || (fd >= at_least && number > fd)) return fd;
  try {
    selector_.reserve(number + 1);
    connections_.renumber(fd, std::move(copy));
  } catch (const std::bad_alloc&) {
    return fd;
  }
  selector_.replace(fd, number);
  return number;
}

void Server::handle_readable(Connection& connection) {
  const std::size_t pending = connection.queue().bytes();
  std::size_t received = 0;
  try {
    received = connection.receive(pool_, now_);
  } catch (const std::bad_alloc&) {
    close(connection, "an error: ", ErrnoText{ENOMEM});
    return;
  }
  if (received > 0 && log_.enabled(LogLevel::kDebug)) {
    std::array<char, Payload::kMaxBytes> buffer{};
    const std::string_view head = connection.queue().copy(pending, buffer);
    log_.debug("received ", Payload(head, received), " from ", connection.peer());
  }
  bytes_in_ += received;
  settle(connection);
}

void Server::handle_writable(Connection& connection) {
  std::array<char, Payload::kMaxBytes> buffer;  // NOLINT(*-member-init): only the head is read
  std::string_view head;
  if (log_.enabled(LogLevel::kDebug)) head = connection.queue().copy(0, buffer);
  const std::size_t sent = connection.send(pool_, now_);
  if (sent > 0) {
    log_.debug("sending ", Payload(head.substr(0, sent), sent), " to ", connection.peer());
    bytes_out_ += sent;
  }
  if (connection.queue().empty()) {
    log_.debug("output queue for ", connection.peer(), " is empty");
  }
  settle(connection);
}

void Server::handle_exceptional(Connection& connection) {
  log_.info("handling exceptional condition for ", connection.peer());
  close(connection, "an exceptional condition");
}

// Ends the handling of an event: updates the inputs and outputs, or closes the connection.
void Server::settle(Connection& connection) {
  if (connection.state() != Connection::State::kClosed) {
    selector_.watch_input(connection.fd(), connection.wants_input());
    selector_.watch_output(connection.fd(), connection.wants_output());
    if (settings_.idle_timeout > 0s) mark_active(connection);
  } else if (connection.error() != 0) {
    close(connection, "an error: ", ErrnoText{connection.error()});
  } else {
    close(connection, connection.hung_up() ? "draining" : "reading no data");
  }
}

// Reads the clock again, because the process may have been stopped since `now_` was read.
void Server::mark_active(Connection& connection) {
  if (connection.last_active() != now_) return;
  connection.set_last_active(clock_());
  connections_.move_to_back(connection);
}

template <typename... Reason>
void Server::close(Connection& connection, const Reason&... reason) {
  const Endpoint peer = connection.peer();
  const std::size_t pending = connection.queue().bytes();
  const std::uint64_t discarded = connection.discarded();
  const int fd = connection.fd();

  selector_.forget(fd);
  if (connection.state() != Connection::State::kClosed) close_politely(connection.release_fd());
  connections_.remove(fd);
  pool_.set_capacity(connections_.size());
  acceptor_.end_pause(now_);

  // Log last: the memory for the line is available by now.
  if (pending > 0) {
    log_.info("closing ", peer, " after ", reason..., ", bytes unsent: ", pending);
  } else if (discarded > 0) {
    log_.info("closing ", peer, " after ", reason..., ", bytes discarded: ", discarded);
  } else {
    log_.info("closing ", peer, " after ", reason...);
  }
}

// A silent peer is active if it still takes bytes from the kernel's buffer.
template <typename... Reason>
void Server::close_unless_peer_reads(Connection& connection, const Reason&... reason) {
  if (connection.peer_still_reads(now_)) {
    mark_active(connection);
  } else {
    close(connection, reason...);
  }
}

void Server::close_all(std::string_view reason) {
  acceptor_.stop();
  while (!connections_.empty()) close(connections_.front(), reason);
}

void Server::handle_signals() {
  // Stop signals that arrive together count as one: a terminal that closes sends several, and so
  // does systemd (systemd.kill(5), SendSIGHUP=).
  int stop = 0;
  while (const int signal = signals_.take()) {
    if (signal == SIGUSR1) {
      log_.answer("statistics: ", statistics());
    } else if (signal != SIGUSR2 || stop == 0) {
      stop = signal;
    }
  }
  if (stop == 0) return;
  now_ = clock_();  // The signal may have come long after the last reading.
  // A drain continues: a connection that it has hung up on cannot be handed over.
  if (stop == SIGUSR2 && drain_timeout_.is_running()) return;
  if (has_stop_signal_) {
    log_.info("second signal, ", signal_name(stop), ": closing ",
              format_count(connections_.size(), "connection"));
    close_all("a second signal");
  } else if (stop != SIGUSR2 || !hand_over()) {
    has_stop_signal_ = true;
    start_draining(signal_name(stop));
  }
}

bool Server::hand_over() {
  if (!manager_.is_present()) {
    log_.warning("cannot hand over: there is no service manager");
    return false;
  }
  manager_.announce_stopping(ServiceManager::kReplyTimeout);
  notify_manager();
  return restart_.hand_over(acceptor_, connections_, selector_);
}

void Server::start_draining(std::string_view reason) {
  drain_timeout_.start(now_, settings_.drain_timeout);
  manager_.announce_stopping(settings_.drain_timeout);
  acceptor_.finish(now_);
  // Few turns are left, so every call to select() must include every connection.
  for (const Connection& connection : connections_) selector_.keep_active(connection.fd());
  log_.info(reason, ": draining ", format_count(connections_.size(), "connection"), " for at most ",
            settings_.drain_timeout);
}

void Server::handle_timeouts(bool found_nothing) {
  if (acceptor_.has_failed() && !drain_timeout_.is_running()) start_draining("listener failed");
  if (settings_.idle_timeout > 0s) close_idle();
  acceptor_.handle_timeouts(now_);
  if (!drain_timeout_.is_running()) return;
  for (auto next = connections_.begin(); next != connections_.end();) drain(*next++);
  if (drain_timeout_.is_over(now_, found_nothing)) close_all("the drain timeout");
}

void Server::close_idle() {
  const auto is_idle = [this](const Connection& connection) {
    return now_ - connection.last_active() >= settings_.idle_timeout;
  };
  while (!connections_.empty() && is_idle(connections_.front())) {
    Connection& connection = connections_.front();
    const int fd = connection.fd();
    // Bytes that reached the socket in time count, however late the loop runs.
    handle_readable(connection);
    if (!connections_.contains(fd) || !is_idle(connection)) continue;
    close_unless_peer_reads(connection, settings_.idle_timeout, " without a byte");
  }
}

void Server::drain(Connection& connection) {
  if (const std::optional<Time> deadline = connection.linger_deadline()) {
    if (now_ >= *deadline) close_unless_peer_reads(connection, "draining");
    return;
  }
  if (!connection.queue().empty()) return;
  // Bytes that have reached the socket since the last select() must be echoed too.
  const int fd = connection.fd();
  handle_readable(connection);
  if (!connections_.contains(fd) || !connection.found_no_input()) return;
  connection.hang_up(now_);
  mark_active(connection);
}

std::optional<Duration> Server::time_to_next_deadline() const {
  std::optional<Time> next = earliest(
      {acceptor_.next_deadline(), drain_timeout_.next_deadline(), manager_.next_notification()});
  if (settings_.idle_timeout > 0s && !connections_.empty()) {
    next = earliest({next, connections_.front().last_active() + settings_.idle_timeout});
  }
  if (drain_timeout_.is_running()) {
    for (const Connection& connection : connections_) {
      next = earliest({next, connection.linger_deadline()});
    }
  }
  if (!next) return std::nullopt;
  return std::max(*next - clock_(), Duration{0});
}

void Server::notify_manager() {
  manager_.notify(now_, {.connections = connections_.size(),
                         .bytes_echoed = bytes_out_,
                         .draining = drain_timeout_.is_running()});
}

Statistics Server::statistics() const {
  return {.open = connections_.size(),
          .accepted = acceptor_.accepted(),
          .refused = acceptor_.refused(),
          .bytes_in = bytes_in_,
          .bytes_out = bytes_out_,
          .up = now_ - started_};
}

}  // namespace echo
