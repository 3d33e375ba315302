#include "echo/client.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

namespace echo {
namespace {

// What a pipe that select() reports writable takes without making write() wait (pipe(7)).
constexpr std::size_t kMostWritten = PIPE_BUF;

}  // namespace

Client::Client(const ClientSettings& settings, Log& log, int input, int output,
               std::function<Time()> clock)
    : settings_(settings),
      log_(log),
      input_(input),
      output_(output),
      clock_(std::move(clock)),
      addresses_(resolve(settings.host, settings.port, settings.family)),
      now_(clock_()),
      last_connected_(now_),
      buffer_(kMostReceived),
      next_check_(settings.timeout > Duration{0} ? now_ + settings.timeout : Time::max()) {
  connections_.reserve(settings_.connections);
  // These may be others' too, and are not to be armed by us.
  for (const int stream : {input_, output_}) {
    if (stream >= 0) selector_.keep_active(stream);
  }
}

bool Client::run() {
  while (turn()) {
  }
  if (failures_ > kMostFailuresTold) {
    log_.error("more connections failed: ", failures_ - kMostFailuresTold);
  }
  return failures_ == 0;
}

bool Client::turn() {
  now_ = clock_();  // The log may have waited for its reader since.
  open_connections();
  advance();
  if (over_ == settings_.connections && ready_for_output() == 0) return false;

  log_.debug("waiting for the next event");
  const int error = selector_.wait(time_to_next_check());
  if (error != 0 && error != EINTR) {
    throw std::system_error(error, std::generic_category(), "select");
  }
  now_ = clock_();

  for (const int fd : selector_.readable()) {
    if (fd == input_) {
      read_input();
    } else {
      handle_readable(connection(fd));
    }
  }
  for (const int fd : selector_.writable()) {
    if (fd == output_) {
      write_output();
    } else {
      handle(connection(fd), [&](ClientConnection& ready) { ready.handle_writable(now_); });
    }
  }
  for (const int fd : selector_.exceptional()) {
    if (fd == input_) continue;
    handle(connection(fd), [](ClientConnection& urgent) { urgent.handle_exceptional(); });
  }
  handle_timeouts();
  return true;
}

void Client::open_connections() {
  if (connections_.empty()) {
    log_.info("connecting to ", settings_.host, " port ", settings_.port);
  }
  while (connections_.size() < settings_.connections && connecting_ < kMostConnecting) {
    ClientConnection& connection =
        connections_.emplace_back(addresses_, transcript_, settings_.timeout, last_connected_);
    next_check_ = std::min(next_check_, connection.deadline());
    if (!connection.is_over()) ++connecting_;
    settle(connection, connection.fd());
  }
}

// What to say next, once everybody is there to hear it.
void Client::advance() {
  if (!is_everybody_open()) return;
  if (settings_.from_input) {
    watch_streams();
  } else if (is_everything_back() && !transcript_.finished()) {
    next_message();
  }
}

void Client::next_message() {
  transcript_.forget_before(transcript_.end());
  if (next_message_ == settings_.messages.size()) {
    transcript_.finish();
  } else {
    const std::string& message = settings_.messages[next_message_++];
    transcript_.append(message);
    for (const ClientConnection& connection : connections_) {
      if (!connection.is_over()) log_.info(connection.local(), ": sending ", Payload(message));
    }
  }
  watch_all();
}

void Client::watch_streams() {
  std::uint64_t needed = echoes_to_output() ? written_ : transcript_.end();
  for (const ClientConnection& connection : connections_) {
    if (!connection.is_over()) needed = std::min(needed, connection.received());
  }
  transcript_.forget_before(needed);
  const bool room = transcript_.size_from(needed) < kMostUnverified;
  selector_.watch_input(input_, room && !transcript_.finished() && over_ < connections_.size());
  selector_.watch_output(output_, ready_for_output() > 0);
}

template <typename Event>
void Client::handle(ClientConnection& connection, Event event) {
  const int old_fd = connection.fd();
  const bool was_connecting = connection.state() == ClientConnection::State::kConnecting;
  event(connection);
  if (was_connecting && connection.state() != ClientConnection::State::kConnecting) {
    --connecting_;
    last_connected_ = connection.is_over() ? last_connected_ : now_;
  }
  settle(connection, old_fd);
}

// After anything that may have changed what the connection wants.
void Client::settle(ClientConnection& connection, int old_fd) {
  connection.half_close(now_);
  if (old_fd >= 0 && connection.fd() != old_fd) selector_.forget(old_fd);
  if (connection.is_over()) {
    ++over_;
    report(connection);
  } else {
    watch(connection);
  }
}

void Client::watch(ClientConnection& connection) {
  const auto fd = static_cast<std::size_t>(connection.fd());
  if (fd >= by_fd_.size()) by_fd_.resize(fd + 1);
  by_fd_[fd] = &connection;
  selector_.watch_input(connection.fd(), connection.wants_input());
  selector_.watch_output(connection.fd(), connection.wants_output());
}

// After the transcript has grown or ended.
void Client::watch_all() {
  for (ClientConnection& connection : connections_) {
    if (!connection.is_over()) settle(connection, connection.fd());
  }
}

void Client::report(const ClientConnection& connection) {
  if (connection.state() == ClientConnection::State::kDone) {
    log_.info("closing socket ", connection.local());
    return;
  }
  if (++failures_ > kMostFailuresTold) return;
  const auto place = static_cast<std::uint64_t>(&connection - connections_.data());
  log_.error(describe_failure(place + 1, connection));
}

void Client::handle_readable(ClientConnection& connection) {
  const std::uint64_t before = connection.received();
  handle(connection, [&](ClientConnection& ready) { ready.handle_readable(buffer_, now_); });
  const bool is_back = !connection.is_over() && connection.received() > before &&
                       connection.received() == transcript_.end();
  if (is_back && !settings_.from_input) {
    log_.info(connection.local(), ": received ", Payload(settings_.messages[next_message_ - 1]));
  }
}

void Client::handle_timeouts() {
  if (now_ < next_check_) return;
  next_check_ = now_ + settings_.timeout;
  for (ClientConnection& connection : connections_) {
    if (connection.is_over()) continue;
    if (connection.deadline() <= now_) {
      handle(connection, [&](ClientConnection& late) { late.handle_timeout(now_); });
    }
    next_check_ = std::min(next_check_, connection.deadline());
  }
}

void Client::read_input() {
  const ssize_t length = ::read(input_, buffer_.data(), buffer_.size());
  if (length < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    throw std::system_error(errno, std::generic_category(), "cannot read standard input");
  }
  if (length > 0) {
    transcript_.append({buffer_.data(), static_cast<std::size_t>(length)});
  } else {
    transcript_.finish();
  }
  watch_all();
}

void Client::write_output() {
  const std::size_t length = std::min(ready_for_output(), kMostWritten);
  const ssize_t written = ::write(output_, transcript_.from(written_).data(), length);
  if (written >= 0) {
    written_ += static_cast<std::uint64_t>(written);
  } else if (errno != EAGAIN && errno != EINTR) {
    throw std::system_error(errno, std::generic_category(), "cannot write standard output");
  }
}

bool Client::is_everybody_open() const noexcept {
  return connections_.size() == settings_.connections && connecting_ == 0;
}

bool Client::is_everything_back() const noexcept {
  return std::all_of(connections_.begin(), connections_.end(), [&](const ClientConnection& each) {
    return each.is_over() || each.received() == transcript_.end();
  });
}

bool Client::echoes_to_output() const noexcept {
  return settings_.from_input && settings_.connections == 1;
}

std::size_t Client::ready_for_output() const noexcept {
  if (!echoes_to_output() || connections_.empty()) return 0;
  return static_cast<std::size_t>(connections_.front().received() - written_);
}

std::optional<Duration> Client::time_to_next_check() const {
  if (next_check_ == Time::max()) return std::nullopt;
  return std::max(next_check_ - clock_(), Duration{0});
}

}  // namespace echo
