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

// A server, and clients of it that never read.
class StuckCrowd {
 public:
  void connect(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) peers_.emplace_back(server_.endpoint());
    witness_.echo("all are in");
  }

  // Sends the messages on every connection in turn, each by itself, until the server owes each as
  // much as it may.
  void fill_queues(const std::vector<std::string>& messages) {
    while (bytes_owed(server_) - bytes_lost_ < peers_.size() * kMaxQueue) {
      for (int i = 0; i < 32; ++i) {
        for (const std::string& message : messages) send_to_all(message);
      }
    }
  }

  // Every second one of them leaves, with its queue full.
  void leave_by_half() {
    const std::size_t leaving = peers_.size() / 2;
    const std::size_t others = server_.open_descriptors() - leaving;
    for (std::size_t i = 0; i < leaving; ++i)
      peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(i));
    server_.wait_for_descriptors(others);
    bytes_lost_ += leaving * kMaxQueue;
  }

  // The most that it has taken, beyond what it took at first.
  std::size_t memory() const { return server_.peak_memory() - memory_at_start_; }

 private:
  void send_to_all(const std::string& message) {
    for (const TestPeer& peer : peers_) send(peer.fd(), message);
    // Once this is back, the server has received what was sent before it.
    witness_.echo("!");
  }

  ServerProgram server_{{"-H", "127.0.0.1", "--quiet", "--max-queue", std::to_string(kMaxQueue)}};
  TestPeer witness_{server_.endpoint()};
  std::size_t memory_at_start_ = server_.resident_memory();
  std::vector<TestPeer> peers_;
  std::uint64_t bytes_lost_ = 0;
};

TEST_F(Memory, OfAnIdleConnectionIsAKibibyte) {
  constexpr std::size_t kCrowd = 10'000;
  if (!allow_descriptors(kCrowd + 100)) GTEST_SKIP() << "too few descriptors";
  StuckCrowd crowd;
  crowd.connect(kCrowd);
  EXPECT_LT(crowd.memory(), kCrowd * kConnectionMemory);
}

TEST_F(Memory, OfFullQueuesIsBoundedWhateverTheMessages) {
  constexpr std::size_t kCrowd = 16;
  constexpr std::size_t kBlock = MessageQueue::kBlockBytes;
  const std::string byte = "x";
  const std::vector<std::vector<std::string>> kinds{
      {std::string(4 * kBlock, 'x')},       {std::string(kBlock - 1, 'x'), byte},
      {std::string(kBlock + 1, 'x'), byte}, {std::string(kBlock / 2 + 1, 'x'), byte},
      {std::string(kBlock / 2 + 1, 'x')},
  };
  for (const std::vector<std::string>& messages : kinds) {
    StuckCrowd crowd;
    crowd.connect(kCrowd);
    crowd.fill_queues(messages);
    EXPECT_LT(crowd.memory(), memory_bound(kCrowd, kMaxQueue)) << messages.front().size();
    EXPECT_GT(crowd.memory(), kCrowd * kMaxQueue) << messages.front().size();
  }
}

// The gaps that these leave in the heap fit whatever the newcomers send.
TEST_F(Memory, OfThoseWhoLeftIsTakenAgain) {
  constexpr std::size_t kCrowd = 32;
  StuckCrowd crowd;
  crowd.connect(kCrowd);
  crowd.fill_queues({std::string(MessageQueue::kBlockBytes, 'x')});
  crowd.leave_by_half();
  crowd.connect(kCrowd / 2);
  crowd.fill_queues({std::string(4 * MessageQueue::kBlockBytes, 'x')});
  EXPECT_LT(crowd.memory(), memory_bound(kCrowd, kMaxQueue));
}

}  // namespace
}  // namespace echo::test
