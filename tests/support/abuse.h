#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "echo/os/endpoint.h"
#include "support/program.h"
#include "support/test_peer.h"

namespace echo::test {

// Starts a server for a test to abuse. A witness, one more client, must get an exact echo all the
// time. After the abuse:
//
// - the server has as many open descriptors as before;
// - its memory has grown by at most kMaxKept;
// - it sleeps while nothing happens;
// - the witness and a new client get an exact echo;
// - SIGTERM ends it with status 0.
class Abuse : public testing::Test {
 protected:
  // The tables indexed by descriptor never shrink. A sanitizer keeps much more memory, and checks
  // for leaks itself when the server ends.
  static constexpr std::size_t kMaxKept = (sanitized() ? 16UL : 1UL) << 20;

  // Adds settings that make malloc() map each block separately, so that freed memory goes back to
  // the kernel immediately (mallopt(3), M_MMAP_THRESHOLD). By default malloc() keeps free memory
  // below a block in use.
  static LaunchSettings thrifty(LaunchSettings settings = {});

  // Starts an echo_server that listens on 127.0.0.1.
  void start(std::vector<std::string> arguments = {}, LaunchSettings settings = {});
  // The same for a server that runs already.
  void start(std::unique_ptr<Program> server, const Endpoint& endpoint);

  Program& server() { return *server_; }
  const Endpoint& endpoint() const { return endpoint_; }
  // The server's figures before the abuse, with the witness connected.
  std::size_t descriptors_before() const { return descriptors_before_; }
  std::size_t memory_before() const { return memory_before_; }

  // Sends new bytes from the witness. Throws std::runtime_error if the echo differs.
  void check_witness();
  // Waits until the server has `count` open descriptors, and checks the witness meanwhile.
  void wait_for_descriptors(std::size_t count);

  // Sends from peers that never read until the server has `each` bytes pending per peer.
  void send_until_pending(const std::vector<TestPeer>& peers, std::size_t each);

  // Checks the list above. Call it only to check more afterwards: server().error_text() is complete
  // then.
  void end_abuse();

  void TearDown() override;

 private:
  bool is_idle() const;

  std::unique_ptr<Program> server_;
  Endpoint endpoint_;
  std::optional<TestPeer> witness_;
  std::uint32_t checks_ = 0;
  bool ended_ = false;
  std::size_t descriptors_before_ = 0;
  std::size_t memory_before_ = 0;
};

// The number of lines of the text that contain the part.
std::size_t count_lines(std::string_view text, std::string_view part);

}  // namespace echo::test
