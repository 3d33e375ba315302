#include "support/test_peer.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>
#include <stdexcept>
#include <system_error>

#include "echo/os/socket.h"
#include "support/patience.h"
#include "support/socket_pair.h"

namespace echo::test {
namespace {

// Longer than any pause of a server that still reads.
constexpr int kStuckInMs = 300;
// More than the kernel's buffers at both ends and any queue of a server under test.
constexpr std::size_t kMaxBuffered = 64UL << 20;

// Waits for one of `events`. Returns the events that are there, or 0 after the timeout.
short wait_for(int fd, short events, int patience_in_ms = kPatienceInMs) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  ::poll(&entry, 1, patience_in_ms);
  return entry.revents;
}

void demand(int fd, short events, const char* what) {
  if (wait_for(fd, events) == 0) throw std::runtime_error(what);
}

std::system_error broken(int error) { return {error, std::generic_category(), "connection"}; }

// Returns the socket once it is connected.
UniqueFd connected(Connecting connecting) {
  if (!connecting.fd) throw broken(connecting.error);
  const int fd = connecting.fd.get();
  demand(fd, POLLOUT, "the connection is not established");
  if (const int error = take_error(fd)) throw broken(error);
  return std::move(connecting.fd);
}

UniqueFd new_socket(int family) {
  return UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// Connects the socket, which is already set up, to the server.
TestPeer connect_as_it_is(UniqueFd fd, const Endpoint& server) {
  if (::connect(fd.get(), server.address(), server.length()) != 0 && errno != EINPROGRESS) {
    throw broken(errno);
  }
  return TestPeer(connected({.fd = std::move(fd)}));
}

// Sends the part of the block that the socket accepts. Returns its size.
std::size_t send_some(int fd, std::string_view block) {
  const Moved sent = echo::send(fd, block);
  if (sent.error != 0 && !sent.would_block()) throw broken(sent.error);
  return sent.bytes;
}

}  // namespace

TestPeer::TestPeer(const Endpoint& server) : fd_(connected(connect_to(server))) {}

TestPeer TestPeer::with_buffers(const Endpoint& server, int bytes) {
  UniqueFd fd = new_socket(server.family());
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_WINDOW_CLAMP, &bytes, sizeof bytes);
  // Loopback segments have 64 KiB, and the kernel gives the server large buffers for them.
  constexpr int kSegment = 1460;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_MAXSEG, &kSegment, sizeof kSegment);
  return connect_as_it_is(std::move(fd), server);
}

TestPeer TestPeer::from(const std::string& host, const Endpoint& server) {
  const Endpoint local = resolve(host, 0).front();
  UniqueFd fd = new_socket(local.family());
  if (::bind(fd.get(), local.address(), local.length()) != 0) throw broken(errno);
  return connect_as_it_is(std::move(fd), server);
}

Endpoint TestPeer::local() const { return local_endpoint(fd()); }

void TestPeer::send(std::string_view text) const {
  while (!text.empty()) {
    demand(fd(), POLLOUT, "the socket does not become writable");
    text.remove_prefix(send_some(fd(), text));
  }
}

void TestPeer::send_urgent(char byte) const {
  if (::send(fd(), &byte, 1, MSG_OOB | MSG_NOSIGNAL) != 1) throw broken(errno);
}

void TestPeer::shut_down_sending() const { echo::shut_down_sending(fd()); }

std::size_t TestPeer::send_until_stuck() const {
  return test::send_until_stuck(std::span(this, 1)).front();
}

std::string TestPeer::receive(std::size_t length) const {
  std::string text;
  std::array<char, 65536> buffer{};
  while (text.size() < length) {
    demand(fd(), POLLIN, "nothing is received");
    const std::size_t room = std::min(buffer.size(), length - text.size());
    const Moved received = echo::receive(fd(), std::span(buffer).first(room));
    if (received.would_block()) continue;
    if (received.error != 0) throw broken(received.error);
    if (received.bytes == 0) break;
    text.append(buffer.data(), received.bytes);
  }
  return text;
}

std::string TestPeer::receive_to_eof() const { return receive(std::string::npos); }

bool TestPeer::is_reset() const {
  try {
    receive_to_eof();
    return false;
  } catch (const std::system_error& error) {
    return error.code() == std::errc::connection_reset;
  }
}

bool TestPeer::has_input() const { return wait_for(fd(), POLLIN, 0) != 0; }

std::string TestPeer::echo(std::string_view text) const {
  const std::size_t length = text.size();
  std::string back;
  std::array<char, 65536> buffer{};
  while (back.size() < length) {
    const short wanted = text.empty() ? POLLIN : static_cast<short>(POLLIN | POLLOUT);
    const short ready = wait_for(fd(), wanted);
    if (ready == 0) throw std::runtime_error("no echo is received");
    if ((ready & POLLOUT) != 0) text.remove_prefix(send_some(fd(), text));
    if ((ready & ~POLLOUT) == 0) continue;
    const Moved received = echo::receive(fd(), buffer);
    if (received.would_block()) continue;
    if (received.error != 0) throw broken(received.error);
    if (received.bytes == 0) break;
    back.append(buffer.data(), received.bytes);
  }
  return back;
}

void TestPeer::reset() {
  reset_on_close(fd());
  fd_.reset();
}

std::vector<TestPeer> connect_many(const Endpoint& server, std::size_t count) {
  std::vector<TestPeer> peers;
  peers.reserve(count);
  while (peers.size() < count) peers.emplace_back(server);
  return peers;
}

std::vector<std::size_t> send_until_stuck(std::span<const TestPeer> peers) {
  const std::string block(64UL * 1024, 'x');
  std::vector<pollfd> entries;
  entries.reserve(peers.size());
  for (const TestPeer& peer : peers) {
    entries.push_back({.fd = peer.fd(), .events = POLLOUT, .revents = 0});
  }
  std::vector<std::size_t> totals(peers.size());
  while (::poll(entries.data(), entries.size(), kStuckInMs) != 0) {
    for (std::size_t i = 0; i < peers.size(); ++i) {
      if (entries[i].revents != 0) totals[i] += send_some(entries[i].fd, block);
      if (totals[i] > kMaxBuffered) throw std::runtime_error("buffering is not bounded");
    }
  }
  return totals;
}

std::string random_bytes(std::size_t length, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::string bytes(length, '\0');
  for (char& byte : bytes) byte = static_cast<char>(generator());
  return bytes;
}

}  // namespace echo::test
