#include "echo/server/acceptor.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "echo/base/errno_text.h"
#include "echo/base/time.h"
#include "echo/loop/selector.h"
#include "echo/os/endpoint.h"
#include "echo/os/log.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "echo/server/connection.h"
#include "echo/server/connection_table.h"
#include "echo/server/listeners.h"
#include "echo/server/server_settings.h"
#include "support/log_pipe.h"
#include "support/socket_pair.h"
#include "support/test_peer.h"

namespace echo::test {
namespace {

using namespace std::chrono_literals;

// An acceptor with one listener. The test sets the time.
class AcceptorTest : public testing::Test {
 protected:
  AcceptorTest() {
    settings_.listen.hosts = resolve_hosts({"127.0.0.1"});
    settings_.listen.port = 0;
    settings_.listen.backlog = 200;
  }

  void start() {
    connections_.emplace(settings_.max_per_host);
    acceptor_.emplace(settings_, log_, selector_, *connections_,
                      [this](Accepted client) { add(std::move(client)); });
    std::vector<UniqueFd> none;
    acceptor_->listen({}, none);
  }

  void add(Accepted client) {
    if (is_out_of_memory_) throw std::bad_alloc();
    connections_->add(Connection(std::move(client.fd), client.peer, settings_.max_queue, now_));
  }

  Endpoint address() const { return resolve("127.0.0.1", acceptor_->port()).front(); }
  int listener() const { return *acceptor_->listeners().begin(); }
  bool is_paused() const { return !selector_.inputs().contains(listener()); }

  void accept() {
    ASSERT_TRUE(wait_readable(listener()));
    acceptor_->accept(listener(), now_);
  }

  TestPeer connect() {
    TestPeer peer(address());
    accept();
    return peer;
  }

  LogPipe pipe_;
  Log log_{pipe_.fd(), LogLevel::kInfo, Log::Mode::kDaemon};
  ServerSettings settings_;
  Selector selector_;
  Time now_{};
  bool is_out_of_memory_ = false;
  std::optional<ConnectionTable> connections_;
  std::optional<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, AcceptsBoundedBatches) {
  start();
  const std::vector<TestPeer> peers = connect_many(address(), 100);
  accept();
  const std::size_t batch = connections_->size();
  EXPECT_LT(batch, peers.size());
  accept();
  EXPECT_EQ(connections_->size(), peers.size());
  EXPECT_EQ(acceptor_->accepted(), peers.size());
}

TEST_F(AcceptorTest, LogsRefusalsAtABoundedRate) {
  settings_.max_connections = 1;
  start();
  for (int i = 0; i < 6; ++i) connect();
  EXPECT_TRUE(pipe_.has("connections refused: 1, the last from "));
  EXPECT_FALSE(pipe_.has("connections refused: 4, the last from "));
  ASSERT_EQ(acceptor_->next_deadline(), now_ + 10s);
  now_ += 10s;
  acceptor_->handle_timeouts(now_);
  EXPECT_TRUE(pipe_.has("connections refused: 4, the last from "));
  EXPECT_EQ(acceptor_->refused(), 5U);
}

TEST_F(AcceptorTest, NamesTheLimitThatRefusesAClient) {
  settings_.max_connections = 2;
  settings_.max_per_host = 1;
  start();
  connect();
  connect();
  EXPECT_TRUE(pipe_.has(" (--max-per-host); 1 open\n"));
  now_ += 10s;
  const TestPeer other_host = TestPeer::from("127.0.0.2", address());
  accept();
  connect();
  EXPECT_TRUE(pipe_.has(" (--max-connections); 2 open\n"));
}

TEST_F(AcceptorTest, PausesWhenOutOfMemory) {
  start();
  is_out_of_memory_ = true;
  connect();
  EXPECT_TRUE(pipe_.has("cannot accept connections: " + ErrnoText{ENOMEM}.to_string() +
                        "; new ones wait; 0 open\n"));
  EXPECT_TRUE(is_paused());
  ASSERT_EQ(acceptor_->next_deadline(), now_ + 100ms);
  acceptor_->handle_timeouts(now_ + 99ms);
  EXPECT_TRUE(is_paused());
  acceptor_->handle_timeouts(now_ + 100ms);
  EXPECT_FALSE(is_paused());
}

TEST_F(AcceptorTest, ResumesAfterAConnectionEnds) {
  start();
  is_out_of_memory_ = true;
  connect();
  acceptor_->end_pause(now_);
  acceptor_->handle_timeouts(now_);
  EXPECT_FALSE(is_paused());
}

TEST_F(AcceptorTest, AcceptsTheBacklogWhenItFinishes) {
  start();
  const std::vector<TestPeer> peers = connect_many(address(), 100);
  acceptor_->finish(now_);
  EXPECT_EQ(connections_->size(), peers.size());
  EXPECT_TRUE(acceptor_->listeners().empty());
}

TEST_F(AcceptorTest, RetriesTheBacklogAfterRunningOutOfMemory) {
  start();
  const std::vector<TestPeer> peers = connect_many(address(), 3);
  is_out_of_memory_ = true;
  acceptor_->finish(now_);
  EXPECT_FALSE(acceptor_->listeners().empty());
  is_out_of_memory_ = false;
  acceptor_->handle_timeouts(now_ + 100ms);
  // The allocation failure cost one connection.
  EXPECT_EQ(connections_->size(), 2U);
  EXPECT_TRUE(acceptor_->listeners().empty());
}

}  // namespace
}  // namespace echo::test
