#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"

namespace echo::test {

// The other end of a connection under test. It waits for whatever it does, for kPatience at most,
// and throws std::runtime_error then, or std::system_error where the connection breaks.
class TestPeer {
 public:
  explicit TestPeer(const Endpoint& server);
  explicit TestPeer(UniqueFd fd) : fd_(std::move(fd)) {}
  // One whose socket has buffers of so many bytes, as far as the system allows, a receive window of
  // no more, and segments as small as Ethernet's.
  static TestPeer with_buffers(const Endpoint& server, int bytes);
  // One at that address of ours.
  static TestPeer from(const std::string& host, const Endpoint& server);

  int fd() const noexcept { return fd_.get(); }
  Endpoint local() const;

  void send(std::string_view text) const;
  void send_urgent(char byte) const;
  void shut_down_sending() const;

  // Sends as much as the connection takes until it has taken nothing for a while: everything
  // between here and a peer that does not read is full then. Returns how much that was. Throws
  // where it is more than any bounded buffers would take.
  std::size_t send_until_stuck() const;

  // Exactly so many bytes, or fewer where EOF comes first.
  std::string receive(std::size_t length) const;
  // All there is until EOF.
  std::string receive_to_eof() const;
  // Whether the connection was reset, once nothing more can be received.
  bool is_reset() const;
  // Whether there is something to receive, or EOF, now.
  bool has_input() const;

  // Sends and receives at the same time, and returns what came back: as many bytes as were sent.
  std::string echo(std::string_view text) const;

  // Closes with a reset.
  void reset();

 private:
  UniqueFd fd_;
};

std::vector<TestPeer> connect_many(const Endpoint& server, std::size_t count);

// send_until_stuck() of all of them at once. Returns how much each took.
std::vector<std::size_t> send_until_stuck(std::span<const TestPeer> peers);

// Bytes of no pattern that an echo could repeat by chance; the same for the same seed.
std::string random_bytes(std::size_t length, std::uint32_t seed = 1);

}  // namespace echo::test
