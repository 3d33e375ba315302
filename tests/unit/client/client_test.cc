#include "echo/client/client.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string>

#include "echo/os/endpoint.h"
#include "echo/os/log.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/log_pipe.h"
#include "support/temporary_file.h"
#include "support/test_peer.h"

namespace echo::test {
namespace {

using namespace std::chrono_literals;

// The test runs each turn of the client, sets its clock, and plays the server.
class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    settings_.host = "127.0.0.1";
    settings_.port = local_endpoint(listener_.get()).port();
    settings_.connections = 1;
    settings_.timeout = 0s;
  }

  void start(int input = -1, int output = -1) {
    client_.emplace(settings_, log_, input, output, [this] { return now_; });
  }

  TestPeer accept() { return TestPeer(accept_from(listener_.get()).fd); }

  UniqueFd listener_ = listen_on(resolve("127.0.0.1", 0).front(), 100, false);
  LogPipe pipe_;
  Log log_{pipe_.fd(), LogLevel::kInfo, Log::Mode::kTool};
  ClientSettings settings_;
  Time now_{};
  std::optional<Client> client_;
};

TEST_F(ClientTest, WaitsForEveryEchoBeforeTheNextMessage) {
  settings_.connections = 2;
  settings_.messages = {"one", "two"};
  start();
  client_->turn();  // connects
  client_->turn();  // sends
  TestPeer first = accept();
  TestPeer second = accept();
  EXPECT_EQ(first.receive(3), "one");
  EXPECT_EQ(second.receive(3), "one");

  first.send("one");
  client_->turn();
  EXPECT_FALSE(first.has_input());
  second.send("one");
  client_->turn();
  client_->turn();
  EXPECT_EQ(first.receive(3), "two");
  EXPECT_EQ(second.receive(3), "two");
}

TEST_F(ClientTest, ExchangesEofAfterTheLastMessage) {
  settings_.messages = {"one"};
  start();
  client_->turn();
  client_->turn();
  {
    TestPeer peer = accept();
    EXPECT_EQ(peer.receive(3), "one");
    peer.send("one");
    EXPECT_TRUE(client_->turn());
    // The turn that sends EOF waits for an event: here the EOF of the server.
    peer.shut_down_sending();
    EXPECT_TRUE(client_->turn());
    EXPECT_EQ(peer.receive_to_eof(), "");
  }
  EXPECT_FALSE(client_->turn());
  EXPECT_TRUE(client_->run());
  EXPECT_TRUE(pipe_.has("closing socket 127.0.0.1:"));
}

TEST_F(ClientTest, FailsAtTheTimeoutAndNotBefore) {
  settings_.messages = {"one"};
  settings_.timeout = 10s;
  start();
  client_->turn();
  client_->turn();
  now_ += 10s - 1ms;
  EXPECT_TRUE(client_->turn());
  EXPECT_FALSE(pipe_.has("error"));
  now_ += 1ms;
  EXPECT_TRUE(client_->turn());
  EXPECT_FALSE(client_->turn());
  EXPECT_TRUE(pipe_.has("no answer within 10s"));
  EXPECT_FALSE(client_->run());
}

// The log may wait for its reader between the last answer and the EOF that the client sends.
TEST_F(ClientTest, CountsTheWaitForEofFromHalfClose) {
  settings_.messages = {"one"};
  settings_.timeout = 20ms;
  start();
  client_->turn();
  client_->turn();
  TestPeer peer = accept();
  peer.send(peer.receive(3));
  client_->turn();
  now_ += 20ms;
  EXPECT_TRUE(client_->turn());
  EXPECT_FALSE(pipe_.has("error"));
}

// The backlog is full, so most of these connections get no answer.
TEST_F(ClientTest, FailsThousandsOfConnectionsAfterOneTimeout) {
  listener_ = listen_on(resolve("127.0.0.1", 0).front(), 1, false);
  settings_.port = local_endpoint(listener_.get()).port();
  settings_.connections = 2000;
  settings_.timeout = 1ms;
  start();
  client_->turn();
  now_ += 1ms;
  for (int turns = 0; turns < 100; ++turns) client_->turn();
  // Only the few connections in the backlog are left. They wait for an answer.
  now_ += 1ms;
  for (int turns = 0; client_->turn(); ++turns) ASSERT_LT(turns, 100);
  EXPECT_FALSE(client_->run());
}

TEST_F(ClientTest, ReadsInputOnlyUpToItsWindow) {
  const TemporaryFile file(std::string(3 * Client::kMaxUnverified, 'x'));
  const UniqueFd input(::open(file.path().c_str(), O_RDONLY | O_CLOEXEC));
  settings_.connections = 2;
  settings_.from_input = true;
  // A turn without an event ends after this time. The clock stands still, so no timeout expires.
  settings_.timeout = 1ms;
  start(input.get());
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(client_->turn());
  const auto read = static_cast<std::size_t>(::lseek(input.get(), 0, SEEK_CUR));
  EXPECT_GE(read, Client::kMaxUnverified);
  EXPECT_LT(read, Client::kMaxUnverified + (64UL << 10));
}

}  // namespace
}  // namespace echo::test
