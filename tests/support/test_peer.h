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

// The other end of a connection under test. Each operation waits for at most kPatience, and then
// throws std::runtime_error. It throws std::system_error if the connection breaks.
class TestPeer {
 public:
  explicit TestPeer(const Endpoint& server);
  explicit TestPeer(UniqueFd fd) : fd_(std::move(fd)) {}
  // Connects with socket buffers of `bytes`, if the kernel allows that size, with a receive window
  // of at most that, and with segments of Ethernet's size.
  static TestPeer with_buffers(const Endpoint& server, int bytes);
  // Connects from the local address `host`.
  static TestPeer from(const std::string& host, const Endpoint& server);

  int fd() const noexcept { return fd_.get(); }
  Endpoint local() const;

  void send(std::string_view text) const;
  void send_urgent(char byte) const;
  void shut_down_sending() const;

  // Sends until the connection has accepted nothing for a while: all buffers on the way to a peer
  // that does not read are full then. Returns the number of bytes sent. Throws std::runtime_error
  // if they exceed any bounded buffers.
  std::size_t send_until_stuck() const;

  // Returns `length` bytes, or fewer if EOF comes first.
  std::string receive(std::size_t length) const;
  // Returns all bytes up to EOF.
  std::string receive_to_eof() const;
  // Receives until the connection ends. True if it ends with a reset.
  bool is_reset() const;
  // True if bytes or EOF can be received now.
  bool has_input() const;

  // Sends and receives at the same time. Returns as many bytes as it sends, or fewer if EOF comes
  // first.
  std::string echo(std::string_view text) const;

  // Closes the connection with a reset.
  void reset();

 private:
  UniqueFd fd_;
};

std::vector<TestPeer> connect_many(const Endpoint& server, std::size_t count);

// The same as TestPeer::send_until_stuck(), for all peers together. Returns the bytes sent by each.
std::vector<std::size_t> send_until_stuck(std::span<const TestPeer> peers);

// Random bytes, which no wrong echo matches by chance. The same seed gives the same bytes.
std::string random_bytes(std::size_t length, std::uint32_t seed = 1);

}  // namespace echo::test
