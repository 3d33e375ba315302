#include "echo/server/server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <new>
#include <utility>

#include "echo/base/errno_text.h"
#include "echo/base/format.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

// How many clients one listener may bring in one turn.
constexpr int kMaxAccepted = 64;

// How long accepting rests when the system has no room, unless a client leaves earlier.
constexpr Duration kAcceptRest = 100ms;

// How long a client that we have hung up on, and that has all it is owed, may be silent before it
// is closed.
constexpr Duration kMaxLinger = 250ms;

// A listener that dies sooner after one was opened again is given up.
constexpr Duration kReopenInterval = 1s;

// A package, its sender, its file, and the two ends of a barrier.
constexpr int kSpareDescriptors = 5;

// How often the same trouble is logged.
constexpr Duration kLogInterval = 10s;

enum class AcceptError { kNobodyWaits, kOnlyThatClient, kNoRoom, kDeadListener };

AcceptError judge(int error) {
  switch (error) {
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
      return AcceptError::kNobodyWaits;
    // Errors of the one connection, which accept(2) passes on (accept(2), "Error handling").
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EOPNOTSUPP:
      return AcceptError::kOnlyThatClient;
    // It listens no more: shut down from elsewhere, or the descriptor is another file's.
    case EINVAL:
    case EBADF:
    case ENOTSOCK:
      return AcceptError::kDeadListener;
    // EMFILE, ENFILE, ENOBUFS, ENOMEM; and what else comes had better not spin.
    default:
      return AcceptError::kNoRoom;
  }
}

std::string_view name_of(int signal) {
  switch (signal) {
    case SIGHUP:
      return "SIGHUP";
    case SIGINT:
      return "SIGINT";
    case SIGUSR2:
      return "SIGUSR2";
    default:
      return "SIGTERM";
  }
}

}  // namespace

Server::Server(const ServerSettings& settings, Log& log, Signals& signals, ServiceManager& manager,
               StartupSockets startup_sockets, std::function<Time()> clock)
    : settings_(settings),
      log_(log),
      signals_(signals),
      manager_(manager),
      clock_(std::move(clock)),
      started_(clock_()),
      now_(started_),
      has_own_listeners_(startup_sockets.sockets.empty()),
      hosts_(settings.max_per_host),
      pauses_to_log_(kLogInterval),
      refusals_to_log_(kLogInterval),
      select_errors_to_log_(kLogInterval) {
  selector_.watch_input(signals_.fd(), true);
  selector_.keep_active(signals_.fd());
  std::vector<Accepted> waiting =
      listen(std::move(startup_sockets.sockets), startup_sockets.before);
  take_over(std::move(startup_sockets.before));
  for (Accepted& accepted : waiting) let_in(std::move(accepted));
  keep_spare_descriptors();
  manager_.note_ready();
  tell_manager();
}

// A server that has run out of descriptors is to be able to hand over all the same.
void Server::keep_spare_descriptors() {
  if (!manager_.is_present()) return;
  for (int i = 0; i < kSpareDescriptors; ++i) {
    spare_.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
}

// Returns who has waited on a listener of the last server that is none of this one.
std::vector<Accepted> Server::listen(std::vector<UniqueFd> sockets, HandoverReader& before) {
  ListenSettings settings = settings_.listen;
  if (!has_own_listeners_) settings.hosts.clear();
  std::vector<Accepted> waiting = close_unwanted(before.listeners(), settings);
  listeners_ = has_own_listeners_ ? open_listeners(settings, before.listeners(), log_)
                                  : adopt_listeners(std::move(sockets), log_);
  for (const UniqueFd& listener : listeners_) {
    watch_listener(listener.get());
  }
  port_ = local_endpoint(listeners_.front().get()).port();
  return waiting;
}

void Server::watch_listener(int listener) {
  listening_.insert(listener);
  selector_.watch_input(listener, true);
  selector_.keep_active(listener);
}

void Server::take_over(HandoverReader before) {
  if (!before.is_there()) return;
  before.take_clients();
  if (!before.complaint().empty()) {
    log_.warning("what the server before handed over: ", before.complaint());
  }
  std::size_t owed = 0;
  std::size_t ended = 0;
  for (HandoverReader::Client& taken : before.clients()) {
    const std::size_t bytes = taken.owed.size();
    if (take_over(std::move(taken))) {
      owed += bytes;
    } else {
      ++ended;
    }
  }
  log_.info("taken over: ", format_count(before.clients().size() - ended, "connection"), ", ", owed,
            " bytes owed; meanwhile ended: ", ended);
  manager_.drop(kHandoverName);
}

// No limit keeps it out: it was within those of its time. False where it has been reset meanwhile,
// or there is no memory for it.
bool Server::take_over(HandoverReader::Client taken) {
  const Endpoint peer = remote_endpoint(taken.fd.get());
  if (peer.family() == AF_UNSPEC) return false;
  const int fd = taken.fd.get();
  try {
    add_client(std::move(taken.fd), peer, hosts_.add(peer), taken.owed, taken.at_eof);
  } catch (const std::bad_alloc&) {
    log_.info("closing ", peer, " after an error: ", ErrnoText{ENOMEM});
    return false;
  }
  settle(connection(fd));
  return true;
}

bool Server::run() {
  while (turn()) {
  }
  log_refusals(refusals_to_log_.take_rest());
  log_.info("done: ", statistics());
  return !failed_;
}

bool Server::turn() {
  log_.debug("waiting for the next event");
  const int error = selector_.wait(time_to_next_deadline());
  now_ = clock_();
  if (error != 0 && select_errors_to_log_.note(now_)) {
    log_.error("select: ", ErrnoText{error});
  }
  const bool found_nothing =
      error == 0 && selector_.readable().empty() && selector_.writable().empty();
  handle_signals();  // Whether or not their pipe is readable: select() may fail for ever.

  for (const int fd : selector_.readable()) {
    if (fd == signals_.fd()) continue;
    if (listening_.contains(fd)) {
      accept_clients(fd);
    } else {
      handle_readable(connection(fd));
    }
  }
  for (const int fd : selector_.writable()) handle_writable(connection(fd));
  for (const int fd : selector_.exceptional()) handle_exceptional(connection(fd));

  if (failed_ && !drain_deadline_) start_draining("a dead listener");
  log_refusals(refusals_to_log_.take(now_));
  if (settings_.idle_timeout > 0s) close_idle();
  if (accept_again_at_ && now_ >= *accept_again_at_) resume_accepting();
  if (drain_deadline_) drain(found_nothing);
  tell_manager();
  return !listeners_.empty() || !by_activity_.empty();
}

// One listener that others have too may block: where another one of them is faster, accept(2) waits
// for a tick. So it is called only as often as select() has found somebody.
int Server::accepts_at_once(int listener) const {
  return has_own_listeners_ || is_nonblocking(listener) ? kMaxAccepted : 1;
}

// Returns whether more clients may be waiting.
bool Server::accept_clients(int listener) {
  const int most = accepts_at_once(listener);
  for (int i = 0; i < most; ++i) {
    Accepted accepted = accept_from(listener);
    const int error = accepted.fd ? let_in(std::move(accepted)) : accepted.error;
    if (error == 0) continue;
    switch (judge(error)) {
      case AcceptError::kNobodyWaits:
        return false;
      case AcceptError::kOnlyThatClient:
        break;
      case AcceptError::kNoRoom:
        pause_accepting(listener, error);
        return false;
      case AcceptError::kDeadListener:
        replace_listener(listener, error);
        return false;
    }
  }
  return true;
}

// Returns 0, or an errno value.
int Server::let_in(Accepted accepted) {
  try {
    welcome(std::move(accepted));
    return 0;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

void Server::welcome(Accepted accepted) {
  const int fd = accepted.fd.get();
  if (settings_.max_connections > 0 && by_activity_.size() >= settings_.max_connections) {
    refuse(std::move(accepted), "--max-connections");
    return;
  }
  if (fd > FdSet::kMaxFd) {
    refuse(std::move(accepted), "select()");
    return;
  }
  auto place_of_host = hosts_.take(accepted.peer);
  if (!place_of_host) {
    refuse(std::move(accepted), "--max-per-host");
    return;
  }
  add_client(std::move(accepted.fd), accepted.peer, *std::move(place_of_host));
  ++totals_.accepted;
  log_.info("new connection from ", accepted.peer);
}

// What may run out of memory comes first, and what makes it a client cannot fail.
void Server::add_client(UniqueFd socket, const Endpoint& peer, HostLimit::Place place_of_host,
                        std::string_view owed, bool at_eof) {
  const int fd = socket.get();
  const auto index = static_cast<std::size_t>(fd);
  if (index >= clients_.size()) clients_.resize(index + 1);
  std::list<int> place{fd};
  auto newcomer = std::make_unique<Client>(
      Client{Connection(std::move(socket), peer, settings_.max_queue, clock_()), place.begin(),
             std::move(place_of_host)});
  pool_.serve(by_activity_.size() + 1);
  newcomer->connection.resume(owed, at_eof, pool_);
  selector_.watch_input(fd, true);
  if (drain_deadline_) selector_.keep_active(fd);
  by_activity_.splice(by_activity_.end(), place);
  client(fd) = std::move(newcomer);
}

void Server::refuse(Accepted accepted, std::string_view limit) {
  ++totals_.refused;
  last_refused_ = accepted.peer;
  last_limit_ = limit;
  log_refusals(refusals_to_log_.note(now_));
  close_politely(std::move(accepted.fd));
}

void Server::log_refusals(std::optional<std::uint64_t> refusals) {
  if (!refusals) return;
  log_.warning("connections refused: ", *refusals, ", the last from ", last_refused_, " (",
               last_limit_, "); ", by_activity_.size(), " open");
}

// A listener that stays readable while accept() fails would turn select() into a busy loop. The
// clients wait in the backlog meanwhile, and the other listeners go on.
void Server::pause_accepting(int listener, int error) {
  if (pauses_to_log_.note(now_)) {
    log_.warning("cannot accept: ", ErrnoText{error}, "; new connections wait, ",
                 by_activity_.size(), " open");
  }
  selector_.watch_input(listener, false);
  accept_again_at_ = now_ + kAcceptRest;
}

// It will never accept again. A listener that the service manager has passed is the manager's to
// open again, so this server ends for it to start the next one.
void Server::replace_listener(int dead, int error) {
  if (drain_deadline_) return;
  const Endpoint local = local_endpoint(dead);
  log_.error("cannot accept on ", local.host(), " port ", local.port(), ": ", ErrnoText{error});
  forget_listener(dead);
  // Where it dies again and again, another server may do better.
  const bool may_reopen = has_own_listeners_ && now_ >= reopen_from_;
  if (may_reopen && reopen_listener(local)) return;
  failed_ = true;
}

bool Server::reopen_listener(const Endpoint& local) {
  reopen_from_ = now_ + kReopenInterval;
  try {
    const ListenSettings& listen = settings_.listen;
    listeners_.push_back(listen_on(local, listen.backlog, listen.reuse_port, listen.keepalive));
    watch_listener(listeners_.back().get());
  } catch (const std::exception& failure) {
    log_.error(failure.what());
    return false;
  }
  log_.info("starting up on ", local.host(), " port ", local.port());
  return true;
}

void Server::forget_listener(int listener) {
  selector_.forget(listener);
  listening_.erase(listener);
  std::erase_if(listeners_, [listener](const UniqueFd& each) { return each.get() == listener; });
}

void Server::resume_accepting() {
  accept_again_at_.reset();
  if (drain_deadline_) {
    accept_last_clients();
    return;
  }
  for (const UniqueFd& listener : listeners_) selector_.watch_input(listener.get(), true);
}

void Server::handle_readable(Connection& connection) {
  const std::size_t owed = connection.queue().bytes();
  std::size_t received = 0;
  try {
    received = connection.receive(pool_, now_);
  } catch (const std::bad_alloc&) {
    totals_.bytes_in += connection.queue().bytes() - owed;
    close(connection, "an error: ", ErrnoText{ENOMEM});
    return;
  }
  if (received > 0 && log_.enabled(LogLevel::kDebug)) {
    std::array<char, Payload::kMaxBytes> buffer{};
    const std::string_view head = connection.queue().copy(owed, buffer);
    log_.debug("received ", Payload(head, received), " from ", connection.peer());
  }
  totals_.bytes_in += received;
  settle(connection);
}

void Server::handle_writable(Connection& connection) {
  std::array<char, Payload::kMaxBytes> buffer;  // NOLINT(*-member-init): only the head is read
  std::string_view head;
  if (log_.enabled(LogLevel::kDebug)) head = connection.queue().copy(0, buffer);
  const std::size_t sent = connection.send(pool_, now_);
  if (sent > 0) {
    log_.debug("sending ", Payload(head.substr(0, sent), sent), " to ", connection.peer());
    totals_.bytes_out += sent;
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

// After each event: the connection's wants go to the selector, and a closed one goes.
void Server::settle(Connection& connection) {
  if (connection.state() == Connection::State::kClosed) {
    if (connection.error() != 0) {
      close(connection, "an error: ", ErrnoText{connection.error()});
    } else {
      close(connection, connection.hung_up() ? "draining" : "reading no data");
    }
    return;
  }
  selector_.watch_input(connection.fd(), connection.wants_input());
  selector_.watch_output(connection.fd(), connection.wants_output());
  if (settings_.idle_timeout > 0s) note_activity(connection);
}

// The process may have been stopped since the clock was read.
void Server::note_activity(Connection& connection) {
  if (connection.last_active() != now_) return;
  connection.set_last_active(clock_());
  by_activity_.splice(by_activity_.end(), by_activity_, client(connection.fd())->place);
}

template <typename... Reason>
void Server::close(Connection& connection, const Reason&... reason) {
  const Endpoint peer = connection.peer();
  const std::size_t owed = connection.queue().bytes();
  const std::uint64_t discarded = connection.discarded();

  selector_.forget(connection.fd());
  auto& place_in_table = client(connection.fd());
  by_activity_.erase(place_in_table->place);
  if (connection.state() != Connection::State::kClosed) close_politely(connection.release_fd());
  place_in_table.reset();
  pool_.serve(by_activity_.size());
  if (accept_again_at_) accept_again_at_ = now_;

  // The line comes last: by now there is memory for it.
  if (owed > 0) {
    log_.info("closing ", peer, " after ", reason..., ", bytes unsent: ", owed);
  } else if (discarded > 0) {
    log_.info("closing ", peer, " after ", reason..., ", bytes discarded: ", discarded);
  } else {
    log_.info("closing ", peer, " after ", reason...);
  }
}

void Server::handle_signals() {
  // Those to stop that come together mean it once: a terminal that goes away sends more than one,
  // and so does systemd (systemd.kill(5), SendSIGHUP=).
  int stop = 0;
  while (const int signal = signals_.take()) {
    if (signal == SIGUSR1) {
      log_.answer("statistics: ", statistics());
    } else if (signal != SIGUSR2 || stop == 0) {
      stop = signal;
    }
  }
  if (stop == 0) return;
  now_ = clock_();  // It may have come long after that was read.
  // Whose connections are about to end has nothing to hand over.
  if (stop == SIGUSR2 && drain_deadline_) return;
  if (drain_deadline_ && is_told_to_stop_) {
    log_.info("a second signal, ", name_of(stop), ": closing, ", by_activity_.size(), " open");
    close_all("a second signal");
  } else if (stop != SIGUSR2 || !hand_over()) {
    is_told_to_stop_ = true;
    start_draining(name_of(stop));
  }
}

// What the clients have yet to say stays in their sockets, and who waits on the listeners stays
// there.
bool Server::hand_over() {
  if (!manager_.is_present()) return false;
  spare_.clear();
  std::size_t owed = 0;
  std::optional<bool> confirmed;
  std::vector<HandoverItem> items;
  try {
    if (has_own_listeners_) {
      for (const int fd : listening_) {
        items.push_back({.fd = fd, .kind = HandoverKind::kListener, .owed = nullptr});
      }
    }
    for (const int fd : by_activity_) {
      const bool at_eof = connection(fd).state() == Connection::State::kDraining;
      items.push_back({.fd = fd,
                       .kind = at_eof ? HandoverKind::kClientAtEof : HandoverKind::kClient,
                       .owed = &connection(fd).queue()});
      owed += connection(fd).queue().bytes();
    }
    confirmed = give_to_manager(items);
    if (!confirmed) return false;
  } catch (const std::bad_alloc&) {
    log_.warning("cannot hand over: ", ErrnoText{ENOMEM});
    return false;
  }
  const std::string connections = format_count(by_activity_.size(), "connection");
  if (*confirmed) {
    log_.info("handed over: ", connections, ", ", owed, " bytes owed");
  } else {
    // It may take them yet, and to end them here would lose them for certain.
    log_.warning("perhaps handed over: ", connections, ", ", owed,
                 " bytes owed; the service manager does not answer");
  }
  for (const int fd : by_activity_) {
    selector_.forget(fd);
    client(fd).reset();
  }
  by_activity_.clear();
  stop_listening();
  return true;
}

// Returns whether the manager has confirmed that it was given them; nullopt where it keeps nothing.
std::optional<bool> Server::give_to_manager(const std::vector<HandoverItem>& items) {
  manager_.note_stopping(ServiceManager::kPatience);
  tell_manager();
  Handover handover;
  int error = handover.pack(items);
  if (error == 0) error = manager_.store(handover.fd(), kHandoverName);
  if (error != 0) {
    log_.warning(
        "cannot hand over: ", ErrnoText{error},
        error == ETOOMANYREFS ? "; LimitNOFILE= is for all servers of a user together" : "");
    return std::nullopt;
  }
  const bool confirmed = manager_.synchronize();
  if (handover.let_go()) return confirmed;
  log_.warning("cannot hand over: the service manager keeps nothing (FileDescriptorStoreMax=)");
  return std::nullopt;
}

void Server::start_draining(std::string_view reason) {
  drain_deadline_ = now_ + settings_.drain_timeout;
  late_turns_ = 0;
  manager_.note_stopping(settings_.drain_timeout);
  if (has_own_listeners_) {
    accept_last_clients();
  } else {
    // Who waits there is let in by the next server.
    stop_listening();
  }
  // Few turns are left, and none of them is to leave a connection for the next one.
  for (const int fd : by_activity_) selector_.keep_active(fd);
  log_.info(reason, ": draining, ", by_activity_.size(), " open, for at most ",
            settings_.drain_timeout);
}

// Those that wait in the backlog think that they are connected, and may have sent already. Where
// there is no room for them now, they wait until there is.
void Server::accept_last_clients() {
  for (const UniqueFd& listener : listeners_) {
    selector_.watch_input(listener.get(), false);
    let_no_more_wait(listener.get());
    for (int waiting = settings_.listen.backlog; waiting >= 0; waiting -= kMaxAccepted) {
      if (!accept_clients(listener.get())) break;
    }
  }
  if (!accept_again_at_) stop_listening();
}

void Server::stop_listening() {
  for (const UniqueFd& listener : listeners_) {
    selector_.forget(listener.get());
    if (!has_own_listeners_) wait_to_accept(listener.get());
  }
  listening_.clear();
  listeners_.clear();
  accept_again_at_.reset();
}

void Server::drain(bool found_nothing) {
  for (auto place = by_activity_.begin(); place != by_activity_.end();) {
    drain(connection(*place++));
  }
  if (now_ < *drain_deadline_) return;
  // What reached the sockets in time counts, however late the loop looks: it goes on for some
  // turns, or until select() finds nothing, and gives the peers the time that it has kept them
  // waiting. The first of these turns began before the deadline.
  if (late_turns_++ == 0) {
    last_look_ = now_ + std::min(now_ - *drain_deadline_, kMaxLastLook);
    return;
  }
  const bool has_looked = found_nothing || late_turns_ > kMaxLateTurns;
  if (!has_looked || now_ < last_look_) return;
  close_all("the drain timeout");
}

void Server::drain(Connection& connection) {
  const int fd = connection.fd();
  if (connection.state() == Connection::State::kLingering) {
    if (now_ - connection.last_active() < kMaxLinger) return;
    if (connection.takes_more(now_)) {
      note_activity(connection);
    } else {
      close(connection, "draining");
    }
    return;
  }
  if (!connection.queue().empty()) return;
  // Nothing is owed; and what has reached the socket since select() looked is still to be echoed.
  handle_readable(connection);
  if (client(fd) == nullptr || !connection.is_dry()) return;
  connection.hang_up(now_);
  note_activity(connection);
  settle(connection);
}

void Server::close_all(std::string_view reason) {
  stop_listening();
  while (!by_activity_.empty()) close(connection(by_activity_.front()), reason);
}

void Server::close_idle() {
  while (!by_activity_.empty()) {
    const int fd = by_activity_.front();
    if (now_ - connection(fd).last_active() < settings_.idle_timeout) return;
    // What reached the socket in time counts, however late the loop looks.
    handle_readable(connection(fd));
    if (client(fd) == nullptr) continue;
    if (now_ - connection(fd).last_active() < settings_.idle_timeout) continue;
    if (connection(fd).takes_more(now_)) {
      note_activity(connection(fd));
    } else {
      close(connection(fd), settings_.idle_timeout, " without a byte");
    }
  }
}

void Server::tell_manager() {
  manager_.tell(now_, {.connections = by_activity_.size(),
                       .bytes_echoed = totals_.bytes_out,
                       .draining = drain_deadline_.has_value()});
}

std::optional<Duration> Server::time_to_next_deadline() const {
  std::optional<Time> next = accept_again_at_;
  const auto consider = [&](Time deadline) { next = next ? std::min(*next, deadline) : deadline; };
  if (const auto due = manager_.due()) consider(*due);
  if (const auto due = refusals_to_log_.due()) consider(*due);
  if (settings_.idle_timeout > 0s && !by_activity_.empty()) {
    consider(connection(by_activity_.front()).last_active() + settings_.idle_timeout);
  }
  if (drain_deadline_) {
    consider(std::max(*drain_deadline_, last_look_));
    for (const int fd : by_activity_) {
      if (connection(fd).state() != Connection::State::kLingering) continue;
      consider(connection(fd).last_active() + kMaxLinger);
    }
  }
  if (!next) return std::nullopt;
  return std::max(*next - clock_(), Duration{0});
}

Server::Statistics Server::statistics() const {
  Statistics statistics = totals_;
  statistics.open = by_activity_.size();
  statistics.up = now_ - started_;
  return statistics;
}

std::string Server::Statistics::to_string() const {
  return std::to_string(open) + " open, " + std::to_string(accepted) + " accepted, " +
         std::to_string(refused) + " refused, " + std::to_string(bytes_in) + " bytes in, " +
         std::to_string(bytes_out) + " bytes out, up " +
         format_duration(std::chrono::floor<std::chrono::seconds>(up));
}

}  // namespace echo
