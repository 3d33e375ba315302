#include "echo/client/client.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "echo/base/format.h"

namespace echo {

Client::Client(const ClientSettings& settings, Log& log, int input, int output,
               std::function<Time()> clock)
    : Client(settings, look_up(settings), log, input, output, std::move(clock)) {}

Client::Client(const ClientSettings& settings, const ServerAddresses& addresses, Log& log,
               int input, int output, std::function<Time()> clock)
    : ClientLoop(settings, settings.connections * addresses.lists(), addresses, std::move(clock)),
      settings_(settings),
      connections_(settings.connections * addresses.lists()),
      log_(log),
      input_fd_(input),
      output_fd_(output),
      output_(output) {
  // Other processes may share these descriptors, so signal-driven I/O must not be enabled on them.
  for (const int stream : {input_fd_, output_fd_}) {
    if (stream >= 0) selector().keep_active(stream);
  }
}

bool Client::run() {
  while (turn()) {
  }
  if (failures_ > kMaxFailuresLogged) {
    log_.error("more failed connections: ", failures_ - kMaxFailuresLogged);
  }
  return failures_ == 0 && !is_cut_;
}

std::optional<Time> Client::prepare() {
  open_connections();
  advance();
  if (over_ == connections_ && ready_for_output() == 0) return std::nullopt;
  if (is_past_deadline()) {
    give_up();
    return std::nullopt;
  }
  log_.debug("waiting for the next event");
  return Time::max();
}

void Client::open_connections() {
  if (opened_ == 0) log_.info("connecting to ", settings_.host, " port ", settings_.port);
  while (opened_ < connections_ && can_open()) open(opened_++, transcript_);
}

// Continues to send once all connections have been opened and none is still connecting.
void Client::advance() {
  if (opened_ < connections_ || is_connecting()) return;
  if (settings_.from_input) {
    watch_streams();
  } else if (is_everything_back() && !transcript_.finished()) {
    send_next_message();
  }
}

void Client::send_next_message() {
  transcript_.forget_before(transcript_.end());
  if (next_message_ == settings_.messages.size()) {
    transcript_.finish();
  } else {
    const std::string& message = settings_.messages[next_message_++];
    transcript_.append_message(message, attended(now()));
    for (std::size_t index = 0; index < opened_; ++index) {
      if (is_live(index)) log_.info(connection(index).local(), ": sending ", Payload(message));
    }
  }
  settle_all();
}

void Client::watch_streams() {
  std::uint64_t needed = echoes_to_output() ? written_ : transcript_.end();
  for (std::size_t index = 0; index < opened_; ++index) {
    if (is_live(index)) needed = std::min(needed, connection(index).received());
  }
  transcript_.forget_before(needed);
  const bool room = transcript_.end() - needed < kMaxUnverified;
  selector().watch_input(input_fd_, room && !transcript_.finished() && over_ < opened_);
  selector().watch_output(output_fd_, ready_for_output() > 0);
}

void Client::give_up() {
  const std::string reason = "not finished within " + format_duration(settings_.deadline);
  handle_all([&](ClientConnection& late) {
    late.receive_all(buffer(), attended(now()));
    late.give_up(reason);
  });
  const std::size_t unopened = connections_ - opened_;
  if (unopened > 0) log_.error("connections not started: ", unopened);
  if (ready_for_output() > 0) log_.error("standard output: ", reason);
  is_cut_ = unopened > 0 || ready_for_output() > 0;
}

void Client::handle_connected(std::size_t index, Duration /*took*/) {
  const ClientConnection& opened = connection(index);
  if (opened.refusals().empty() || opened.refusals() == refusals_) return;
  refusals_ = opened.refusals();
  log_.warning(describe_refusals(refusals_, opened.remote()));
}

void Client::handle_echo(std::size_t index) {
  const ClientConnection& ready = connection(index);
  if (settings_.from_input || ready.is_over() || ready.received() < transcript_.end()) return;
  log_.info(ready.local(), ": received ", Payload(settings_.messages[next_message_ - 1]));
}

void Client::handle_over(std::size_t index) {
  const ClientConnection& over = connection(index);
  ++over_;
  if (over.state() == ClientConnection::State::kDone) {
    log_.info("closing socket ", over.local(),
              over.was_reset() ? ": reset by the server after the echo" : "");
  } else if (++failures_ <= kMaxFailuresLogged) {
    log_.error(describe_failure(index + 1, over));
  }
}

void Client::handle_readable(int /*input*/) {
  const ssize_t length = ::read(input_fd_, buffer().data(), buffer().size());
  if (length < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    throw std::system_error(errno, std::generic_category(), "cannot read standard input");
  }
  if (length > 0) {
    transcript_.append({buffer().data(), static_cast<std::size_t>(length)});
  } else {
    transcript_.finish();
  }
  settle_all();
}

void Client::handle_writable(int /*output*/) {
  // In one turn, writes no more than one recv(2) of a connection can return.
  const std::size_t length = std::min(ready_for_output(), buffer().size());
  std::string_view rest = transcript_.from(written_).substr(0, length);
  const int error = output_.write_now(rest);
  written_ += length - rest.size();
  if (error != 0 && error != EAGAIN) {
    throw std::system_error(error, std::generic_category(), "cannot write standard output");
  }
}

bool Client::is_everything_back() const {
  for (std::size_t index = 0; index < opened_; ++index) {
    if (is_live(index) && connection(index).received() < transcript_.end()) return false;
  }
  return true;
}

bool Client::echoes_to_output() const noexcept { return settings_.from_input && connections_ == 1; }

std::size_t Client::ready_for_output() const {
  if (!echoes_to_output() || opened_ == 0) return 0;
  return static_cast<std::size_t>(connection(0).received() - written_);
}

}  // namespace echo
