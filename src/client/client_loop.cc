#include "echo/client/client_loop.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace echo {
namespace {

// The most that one recv(2) returns.
constexpr std::size_t kMaxReceived = 64UL * 1024;

// The maximum number of simultaneous connection attempts. Many servers have a backlog of only this
// length (listen(2)).
constexpr std::size_t kMaxConnecting = 128;

}  // namespace

ClientLoop::ClientLoop(const Target& target, std::size_t size, ServerAddresses addresses,
                       std::function<Time()> clock)
    : timeout_(target.timeout),
      origin_(target.origin),
      clock_(std::move(clock)),
      addresses_(std::move(addresses)),
      now_(clock_()),
      deadline_(target.deadline > Duration{0} ? now_ + target.deadline : Time::max()),
      attention_(now_),
      last_connected_(now_),
      entries_(size),
      buffer_(kMaxReceived),
      opened_(addresses_.lists()) {}

bool ClientLoop::turn() {
  now_ = clock_();  // The caller may have waited since, for example for a reader of its log.
  attention_.turn_begins(now_);
  const std::optional<Time> next = prepare();
  if (!next) return false;

  const std::optional<Duration> timeout = time_to(std::min({*next, next_check_, deadline_}));
  attention_.wait_begins(clock_(), timeout);
  const int error = selector_.wait(timeout);
  if (error != 0) throw std::system_error(error, std::generic_category(), "select");
  now_ = clock_();
  attention_.wait_ended(now_);

  for (const int fd : selector_.readable()) {
    if (const auto index = index_of(fd)) {
      handle(*index,
             [this](ClientConnection& ready) { ready.handle_readable(buffer_, attended(now_)); });
    } else {
      handle_readable(fd);
    }
  }
  for (const int fd : selector_.writable()) {
    if (const auto index = index_of(fd)) {
      add_to_script(*index);
      handle(*index, [this](ClientConnection& ready) { ready.handle_writable(attended(now_)); });
    } else {
      handle_writable(fd);
    }
  }
  for (const int fd : selector_.exceptional()) {
    if (const auto index = index_of(fd)) {
      handle(*index, [](ClientConnection& urgent) { urgent.handle_exceptional(); });
    }
  }
  handle_timeouts();
  attention_.turn_ends(clock_());
  return true;
}

bool ClientLoop::can_open() const noexcept { return connecting_ < kMaxConnecting; }

void ClientLoop::open(std::size_t index, const Script& script, Time scheduled) {
  Entry& entry = entries_[index];
  entry.attempt_began = clock_();
  entry.connection.emplace(addresses_.list(index), addresses_.first(), script, timeout_,
                           attended(std::max(last_connected_, scheduled)), &origin_,
                           opened_[index % opened_.size()]++);
  next_check_ = std::min(next_check_, deadline_of(index));
  if (!entry.connection->is_over()) ++connecting_;
  settle(index);
}

std::vector<Endpoint> ClientLoop::separate_addresses() const {
  std::vector<Endpoint> addresses;
  for (std::size_t index = 0; index < addresses_.lists(); ++index) {
    addresses.push_back(addresses_.list(index)->front());
  }
  return addresses;
}

void ClientLoop::handle_all(const Event& event) {
  for (std::size_t index = 0; index < entries_.size(); ++index) {
    if (is_live(index)) handle(index, event);
  }
}

void ClientLoop::handle(std::size_t index, const Event& event) {
  Entry& entry = entries_[index];
  ClientConnection& connection = *entry.connection;
  const int old_fd = connection.fd();
  const std::uint64_t old_received = connection.received();
  const bool was_connecting = connection.state() == ClientConnection::State::kConnecting;
  event(connection);

  const bool is_connecting = connection.state() == ClientConnection::State::kConnecting;
  if (was_connecting && !is_connecting) {
    --connecting_;
    if (!connection.is_over()) {
      last_connected_ = now_;
      // If some addresses do not work, later connections start with this one, which works.
      if (!connection.refusals().empty()) addresses_.prefer(connection.remote());
      handle_connected(index, now_ - entry.attempt_began);
    }
  } else if (is_connecting && connection.fd() != old_fd) {  // Another address.
    entry.attempt_began = now_;
    next_check_ = std::min(next_check_, deadline_of(index));
  }
  if (connection.received() > old_received) handle_echo(index);
  settle(index, old_fd);
}

// Must follow everything that may change the result of wants_input() or wants_output().
void ClientLoop::settle(std::size_t index, int old_fd) {
  ClientConnection& connection = *entries_[index].connection;
  const bool has_more = more_to_send(index);
  connection.half_close(attended(now_));
  if (old_fd >= 0 && connection.fd() != old_fd) selector_.forget(old_fd);
  if (connection.is_over()) {
    handle_over(index);
    return;
  }
  const auto fd = static_cast<std::size_t>(connection.fd());
  if (fd >= by_fd_.size()) by_fd_.resize(fd + 1);
  by_fd_[fd] = index;
  selector_.watch_input(connection.fd(), connection.wants_input());
  selector_.watch_output(connection.fd(), connection.wants_output() || has_more);
}

void ClientLoop::handle_timeouts() {
  if (now_ < next_check_) return;
  next_check_ = now_ + timeout_;
  for (std::size_t index = 0; index < entries_.size(); ++index) {
    if (!is_live(index)) continue;
    if (deadline_of(index) <= now_) {
      handle(index,
             [this](ClientConnection& late) { late.handle_timeout(buffer_, attended(now_)); });
    }
    next_check_ = std::min(next_check_, deadline_of(index));
  }
}

// Adds the time in which the loop did not look, since it does not count towards any timeout.
Time ClientLoop::deadline_of(std::size_t index) const {
  const Time deadline = connection(index).deadline();
  return deadline == Time::max() ? deadline : deadline + away();
}

std::optional<std::size_t> ClientLoop::index_of(int fd) const {
  const auto number = static_cast<std::size_t>(fd);
  return number < by_fd_.size() ? by_fd_[number] : std::nullopt;
}

std::optional<Duration> ClientLoop::time_to(Time next) const {
  if (next == Time::max()) return std::nullopt;
  const Duration left = std::max(next - clock_(), Duration{0});
  // A short timeout lets Attention detect a process that was stopped during the wait.
  return next_check_ == Time::max() ? left : std::min(left, Attention::kShort);
}

}  // namespace echo
