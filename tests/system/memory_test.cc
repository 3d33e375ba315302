#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "echo/os/socket.h"
#include "echo/server/message_queue.h"
#include "support/memory_bound.h"
#include "support/program.h"
#include "support/test_peer.h"

namespace echo::test {
namespace {

constexpr std::size_t kMaxQueue = 512UL * 1024;

class Memory : public testing::Test {
 protected:
  void SetUp() override {
    if (sanitized()) GTEST_SKIP() << "a sanitizer takes memory of its own";
  }
};

// A server with clients that never read.
class StuckClients {
 public:
  void connect(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) peers_.emplace_back(server_.endpoint());
    witness_.echo("all are in");
  }

  // Sends the messages on all connections, one message at a time, until every queue is full.
  void fill_queues(const std::vector<std::string>& messages) {
    while (bytes_pending(server_) - bytes_lost_ < peers_.size() * kMaxQueue) {
      for (int i = 0; i < 32; ++i) {
        for (const std::string& message : messages) send_to_all(message);
      }
    }
  }

  // Closes every second connection while its queue is full.
  void close_every_second() {
    const std::size_t leaving = peers_.size() / 2;
    const std::size_t others = server_.open_descriptors() - leaving;
    for (std::size_t i = 0; i < leaving; ++i)
      peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(i));
    server_.wait_for_descriptors(others);
    bytes_lost_ += leaving * kMaxQueue;
  }

  // Peak memory of the server, less its memory at the start.
  std::size_t memory() const { return server_.peak_memory() - memory_at_start_; }

 private:
  void send_to_all(const std::string& message) {
    for (const TestPeer& peer : peers_) send(peer.fd(), message);
    // When this echo arrives, the server has received all earlier messages.
    witness_.echo("!");
  }

  ServerProgram server_{{"-H", "127.0.0.1", "--quiet", "--max-queue", std::to_string(kMaxQueue)}};
  TestPeer witness_{server_.endpoint()};
  std::size_t memory_at_start_ = server_.resident_memory();
  std::vector<TestPeer> peers_;
  std::uint64_t bytes_lost_ = 0;
};

TEST_F(Memory, StaysBelowOneKibibytePerIdleConnection) {
  constexpr std::size_t kClients = 10'000;
  if (!allow_descriptors(kClients + 100)) GTEST_SKIP() << "too few descriptors";
  StuckClients clients;
  clients.connect(kClients);
  EXPECT_LT(clients.memory(), kClients * kConnectionMemory);
}

TEST_F(Memory, StaysBelowTheBoundForFullQueues) {
  constexpr std::size_t kClients = 16;
  constexpr std::size_t kBlock = MessageQueue::kBlockBytes;
  const std::string byte = "x";
  const std::vector<std::vector<std::string>> kinds{
      {std::string(4 * kBlock, 'x')},       {std::string(kBlock - 1, 'x'), byte},
      {std::string(kBlock + 1, 'x'), byte}, {std::string(kBlock / 2 + 1, 'x'), byte},
      {std::string(kBlock / 2 + 1, 'x')},
  };
  for (const std::vector<std::string>& messages : kinds) {
    StuckClients clients;
    clients.connect(kClients);
    clients.fill_queues(messages);
    EXPECT_LT(clients.memory(), memory_bound(kClients, kMaxQueue)) << messages.front().size();
    EXPECT_GT(clients.memory(), kClients * kMaxQueue) << messages.front().size();
  }
}

// The later messages fit into the gaps that the closed connections leave in the heap.
TEST_F(Memory, IsReusedAfterConnectionsClose) {
  constexpr std::size_t kClients = 32;
  StuckClients clients;
  clients.connect(kClients);
  clients.fill_queues({std::string(MessageQueue::kBlockBytes, 'x')});
  clients.close_every_second();
  clients.connect(kClients / 2);
  clients.fill_queues({std::string(4 * MessageQueue::kBlockBytes, 'x')});
  EXPECT_LT(clients.memory(), memory_bound(kClients, kMaxQueue));
}

}  // namespace
}  // namespace echo::test
