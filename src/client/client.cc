#include "echo/client/client.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

#include "echo/base/format.h"
#include "echo/os/endpoint.h"

namespace echo {
namespace {

// What a pipe that select() reports writable takes without making write() wait (pipe(7)).
constexpr std::size_t kMaxWritten = PIPE_BUF;

}  // namespace

Client::Client(const ClientSettings& settings, Log& log, int input, int output,
               std::function<Time()> clock)
    : settings_(settings),
      log_(log),
      input_(input),
      output_(output),
      clock_(std::move(clock)),
      addresses_([&] { return resolve(settings_.host, settings_.port, settings_.family); }),
      now_(clock_()),
      deadline_(settings.deadline > Duration{0} ? now_ + settings.deadline : Time::max()),
      attention_(now_),
      last_connected_(now_),
      buffer_(kMaxReceived),
      next_check_(Time::max()) {
  connections_.reserve(settings_.connections);
  // These may be others' too, and are not to be armed by us.
  for (const int stream : {input_, output_}) {
    if (stream >= 0) selector_.keep_active(stream);
  }
}

bool Client::run() {
  while (turn()) {
  }
  if (failures_ > kMaxFailuresTold) {
    log_.error("more connections failed: ", failures_ - kMaxFailuresTold);
  }
  return failures_ == 0 && !is_cut_;
}

bool Client::turn() {
  now_ = clock_();  // The log may have waited for its reader since.
  attention_.turn_begins(now_);
  open_connections();
  advance();
  if (over_ == settings_.connections && ready_for_output() == 0) return false;
  if (now_ >= deadline_) {
    give_up();
    return false;
  }

  log_.debug("waiting for the next event");
  const std::optional<Duration> timeout = time_to_next_check();
  attention_.wait_begins(clock_(), timeout);
  const int error = selector_.wait(timeout);
  if (error != 0) {
    throw std::system_error(error, std::generic_category(), "select");
  }
  now_ = clock_();
  attention_.wait_ended(now_);

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
      handle(connection(fd),
             [&](ClientConnection& ready) { ready.handle_writable(patient(now_)); });
    }
  }
  for (const int fd : selector_.exceptional()) {
    if (fd == input_) continue;
    handle(connection(fd), [](ClientConnection& urgent) { urgent.handle_exceptional(); });
  }
  handle_timeouts();
  attention_.turn_ends(clock_());
  return true;
}

void Client::open_connections() {
  if (connections_.empty()) {
    log_.info("connecting to ", settings_.host, " port ", settings_.port);
  }
  while (connections_.size() < settings_.connections && connecting_ < kMaxConnecting) {
    ClientConnection& connection =
        connections_.emplace_back(addresses_.list(), addresses_.first(), transcript_,
                                  settings_.timeout, patient(last_connected_));
    next_check_ = std::min(next_check_, deadline_of(connection));
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
    transcript_.append_message(message, patient(now_));
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
  const bool room = transcript_.size_from(needed) < kMaxUnverified;
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
    if (!connection.is_over()) {
      last_connected_ = now_;
      note_refusals(connection);
    }
  }
  next_check_ = std::min(next_check_, deadline_of(connection));
  settle(connection, old_fd);
}

// After anything that may have changed what the connection wants.
void Client::settle(ClientConnection& connection, int old_fd) {
  connection.half_close(patient(now_));
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
    log_.info("closing socket ", connection.local(),
              connection.was_reset() ? ": reset by the server after the echo" : "");
    return;
  }
  if (++failures_ > kMaxFailuresTold) return;
  const auto place = static_cast<std::uint64_t>(&connection - connections_.data());
  log_.error(describe_failure(place + 1, connection));
}

// Some of the addresses are dead: those that follow begin with the one that works.
void Client::note_refusals(const ClientConnection& connection) {
  if (connection.refusals().empty() || connection.refusals() == refusals_) return;
  refusals_ = connection.refusals();
  addresses_.prefer(connection.remote());
  log_.warning(describe_refusals(refusals_, connection.remote()));
}

void Client::handle_readable(ClientConnection& connection) {
  const std::uint64_t before = connection.received();
  handle(connection,
         [&](ClientConnection& ready) { ready.handle_readable(buffer_, patient(now_)); });
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
    if (deadline_of(connection) <= now_) {
      handle(connection,
             [&](ClientConnection& late) { late.handle_timeout(buffer_, patient(now_)); });
    }
    next_check_ = std::min(next_check_, deadline_of(connection));
  }
}

// In which nobody looked is time that nobody has waited.
Time Client::deadline_of(const ClientConnection& connection) const noexcept {
  const Time deadline = connection.deadline();
  return deadline == Time::max() ? deadline : deadline + attention_.away();
}

// The deadline has passed.
void Client::give_up() {
  const std::string reason = "not done within " + format_duration(settings_.deadline);
  for (ClientConnection& connection : connections_) {
    if (connection.is_over()) continue;
    handle(connection, [&](ClientConnection& late) {
      late.receive_all(buffer_, patient(now_));
      late.give_up(reason);
    });
  }
  const std::size_t unopened = settings_.connections - connections_.size();
  if (unopened > 0) log_.error("connections not begun: ", unopened);
  if (ready_for_output() > 0) log_.error("standard output: ", reason);
  is_cut_ = unopened > 0 || ready_for_output() > 0;
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
  const std::size_t length = std::min(ready_for_output(), kMaxWritten);
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
  const Time next = std::min(next_check_, deadline_);
  if (next == Time::max()) return std::nullopt;
  const Duration left = std::max(next - clock_(), Duration{0});
  // A wait that is short shows that it was not left in time.
  return next_check_ == Time::max() ? left : std::min(left, Attention::kShort);
}

}  // namespace echo
