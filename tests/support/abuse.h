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

// A server to be abused, and a witness: one client more, which is to be served exactly whatever is
// done to the others. When a test's abuse is over, the server must be as it was before it:
//
// - the descriptors are those that it had;
// - its memory is below what it was, and kMaxKept;
// - it sleeps as long as nothing happens;
// - the witness, and a client that is new, get an exact echo;
// - SIGTERM ends it with status 0.
class Abuse : public testing::Test {
 protected:
  // The tables by descriptor stay as large as they were needed. A sanitizer keeps much more, and
  // looks for leaks itself, at the end.
  static constexpr std::size_t kMaxKept = (sanitized() ? 16UL : 1UL) << 20;

  // For a server whose freed memory goes back to the system, so that what is left is what it holds.
  // Else malloc() keeps all that is free below a block in use; here it maps each block by itself
  // (mallopt(3), M_MMAP_THRESHOLD).
  static Surroundings thrifty(Surroundings surroundings = {});

  // Starts an echo_server that listens on 127.0.0.1.
  void start(std::vector<std::string> arguments = {}, Surroundings surroundings = {});
  // The same with a server that has been started already.
  void start(std::unique_ptr<Program> server, const Endpoint& endpoint);

  Program& server() { return *server_; }
  const Endpoint& endpoint() const { return endpoint_; }
  // What the server had before the abuse, the witness's connection among them.
  std::size_t descriptors_before() const { return descriptors_before_; }
  std::size_t memory_before() const { return memory_before_; }

  // The witness says something that it has not said before. Throws std::runtime_error where
  // something else comes back.
  void hear_witness();
  // Waits until the server has so many descriptors open, and serves the witness meanwhile.
  void wait_for_descriptors(std::size_t count);

  // Sends on each of them, who never read, until the server owes each so much.
  void send_until_owed(const std::vector<TestPeer>& peers, std::size_t each);

  // Checks all of the above, for a test that has something to say afterwards. What the server has
  // written to standard error is in server().error_text() then.
  void end_abuse();

  void TearDown() override;

 private:
  bool is_idle() const;

  std::unique_ptr<Program> server_;
  Endpoint endpoint_;
  std::optional<TestPeer> witness_;
  std::uint32_t heard_ = 0;
  bool ended_ = false;
  std::size_t descriptors_before_ = 0;
  std::size_t memory_before_ = 0;
};

// How many lines of the text have the part in them.
std::size_t count_lines(std::string_view text, std::string_view part);

}  // namespace echo::test
