#include "bench/load.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "echo/os/socket.h"
#include "support/test_peer.h"

namespace echo::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 5s;

constexpr std::size_t kMaxReceived = 262'144;

// Enough copies of the message that the bytes in flight are always one substring.
std::string pattern_of(const Work& work) {
  const std::string message = test::random_bytes(work.bytes);
  std::string pattern;
  for (std::size_t i = 0; i <= work.depth; ++i) pattern += message;
  return pattern;
}

void turn_on(int fd, int level, int option) {
  const int on = 1;
  if (::setsockopt(fd, level, option, &on, sizeof on) != 0) {
    throw std::system_error(errno, std::generic_category(), "setsockopt");
  }
}

// Local addresses for connections, used in turn: a churn leaves more connections in TIME-WAIT than
// one address has ports.
std::vector<Endpoint> hosts() {
  std::vector<Endpoint> hosts;
  for (int number = 1; number <= 200; ++number) {
    hosts.push_back(resolve("127.0.1." + std::to_string(number), 0).front());
  }
  return hosts;
}

UniqueFd start_to_connect(const Endpoint& from, const Endpoint& to) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  turn_on(fd.get(), IPPROTO_TCP, TCP_NODELAY);
  turn_on(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  if (::bind(fd.get(), from.address(), from.length()) != 0 ||
      (::connect(fd.get(), to.address(), to.length()) != 0 && errno != EINPROGRESS)) {
    throw std::system_error(errno, std::generic_category(), "connect");
  }
  return fd;
}

void reset_at_close(int fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace

Load::Load(const Work& work, const Endpoint& server)
    : work_(work),
      server_(server),
      hosts_(hosts()),
      pattern_(pattern_of(work)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      now_(Clock::now()),
      last_progress_(now_),
      buffer_(kMaxReceived, '\0') {
  connections_.reserve(work.connections());
}

Load::~Load() {
  for (const Connection& connection : connections_) reset_at_close(connection.fd.get());
}

std::size_t Load::connect_some(std::size_t most) {
  const std::size_t end = std::min(connections_.size() + most, work_.connections());
  while (connections_.size() < end) {
    const std::size_t place = connections_.size();
    connections_.emplace_back();
    open(place);
    set_busy(connections_[place], is_busy_at_first(place));
    if (!connections_[place].busy) silent_.push_back(place);
  }
  return end;
}

void Load::run_for(Duration time) {
  last_progress_ = Clock::now();
  for (const Time end = last_progress_ + time; Clock::now() < end;) turn();
}

void Load::run_until(std::uint64_t messages) {
  now_ = last_progress_ = Clock::now();
  for (std::size_t place = 0; place < connections_.size(); ++place) send_some(place);
  while (latencies_.size() < messages) turn();
}

void Load::check_idle() const {
  std::vector<pollfd> entries;
  for (const std::size_t place : silent_) {
    entries.push_back({.fd = connections_[place].fd.get(), .events = POLLIN, .revents = 0});
  }
  if (::poll(entries.data(), entries.size(), 0) != 0) {
    throw std::runtime_error("an idle connection was closed");
  }
}

void Load::forget() { latencies_.clear(); }

void Load::open(std::size_t place) {
  UniqueFd fd = start_to_connect(hosts_[opened_++ % hosts_.size()], server_);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = place}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
  connections_[place] = {.fd = std::move(fd), .starts = {}};
}

void Load::set_busy(Connection& connection, bool busy) const {
  connection.busy = busy;
  if (busy) connection.starts.resize(work_.depth, now_);
}

bool Load::is_busy_at_first(std::size_t place) const noexcept {
  const std::size_t before = work_.busy / 2;
  return place < before || place >= before + work_.idle;
}

void Load::turn() {
  const int ready =
      ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), 100);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    handle(event.data.u64, event.events);
  }
  if (ready > 0) {
    last_progress_ = now_;
  } else if (Clock::now() - last_progress_ > kPatience) {
    throw std::runtime_error("no progress");
  }
}

void Load::handle(std::size_t place, std::uint32_t events) {
  now_ = Clock::now();
  if ((events & ~EPOLLOUT) != 0) receive_some(place);
  send_some(place);
}

void Load::send_some(std::size_t place) {
  Connection& connection = connections_[place];
  const std::uint64_t length = may_have_sent(connection) - connection.sent;
  if (length == 0) return;
  const std::string_view text =
      std::string_view(pattern_).substr(connection.sent % work_.bytes, length);
  const Moved moved = send(connection.fd.get(), text);
  if (moved.error != 0 && !moved.would_block()) {
    throw std::system_error(moved.error, std::generic_category(), "send");
  }
  note_starts(connection, moved.bytes);
  connection.sent += moved.bytes;
  wait_to_send(place, moved.bytes < length);
}

std::uint64_t Load::may_have_sent(const Connection& connection) const noexcept {
  if (!connection.busy) return connection.sent;
  if (work_.churn) return work_.bytes;
  return (connection.received / work_.bytes + work_.depth) * work_.bytes;
}

void Load::note_starts(Connection& connection, std::size_t bytes) const {
  if (work_.churn) return;
  const std::uint64_t end = (connection.sent + bytes + work_.bytes - 1) / work_.bytes;
  std::uint64_t message = (connection.sent + work_.bytes - 1) / work_.bytes;
  for (; message < end; ++message) connection.starts[message % work_.depth] = now_;
}

void Load::wait_to_send(std::size_t place, bool wait) {
  Connection& connection = connections_[place];
  if (connection.waits_to_send == wait) return;
  connection.waits_to_send = wait;
  const std::uint32_t wanted = wait ? EPOLLIN | EPOLLOUT : EPOLLIN;
  epoll_event event{.events = wanted, .data = {.u64 = place}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event);
}

void Load::receive_some(std::size_t place) {
  Connection& connection = connections_[place];
  const Moved moved = receive(connection.fd.get(), buffer_);
  now_ = Clock::now();
  if (moved.would_block()) return;
  if (moved.error != 0) throw std::system_error(moved.error, std::generic_category(), "recv");
  if (moved.bytes == 0) {
    handle_eof(place);
    return;
  }
  check(connection, moved.bytes);
  std::uint64_t message = connection.received / work_.bytes;
  connection.received += moved.bytes;
  for (; message < connection.received / work_.bytes; ++message) finish(place, message);
}

void Load::check(const Connection& connection, std::size_t bytes) const {
  const std::size_t offset = connection.received % work_.bytes;
  if (connection.received + bytes > connection.sent ||
      std::memcmp(buffer_.data(), pattern_.data() + offset, bytes) != 0) {
    throw std::runtime_error("other bytes came back");
  }
}

void Load::finish(std::size_t place, std::uint64_t message) {
  Connection& connection = connections_[place];
  if (work_.churn) {
    shut_down_sending(connection.fd.get());
    return;
  }
  latencies_.push_back(now_ - connection.starts[message % work_.depth]);
  if (work_.rotate != 0 && (message + 1) % work_.rotate == 0) hand_on(place);
}

// The client sends its FIN first, so TIME-WAIT stays on the client's side.
void Load::handle_eof(std::size_t place) {
  const Connection& connection = connections_[place];
  if (!work_.churn || connection.received != work_.bytes) {
    throw std::runtime_error("closed early");
  }
  latencies_.push_back(now_ - connection.starts.front());
  open(place);
  set_busy(connections_[place], true);
}

void Load::hand_on(std::size_t place) {
  set_busy(connections_[place], false);
  silent_.push_back(place);
  const std::size_t next = silent_.front();
  silent_.pop_front();
  set_busy(connections_[next], true);
  send_some(next);
}

}  // namespace echo::bench
