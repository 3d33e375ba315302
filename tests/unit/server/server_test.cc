#include "echo/server/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "echo/loop/quiet_set.h"
#include "echo/os/endpoint.h"
#include "echo/os/fd_set.h"
#include "echo/os/log.h"
#include "echo/os/signals.h"
#include "echo/os/unique_fd.h"
#include "echo/server/drain_timeout.h"
#include "echo/server/handover.h"
#include "echo/server/listeners.h"
#include "echo/server/server_settings.h"
#include "echo/server/startup_sockets.h"
#include "echo/service/passed_descriptors.h"
#include "support/environment.h"
#include "support/failing_allocations.h"
#include "support/log_pipe.h"
#include "support/program.h"
#include "support/test_manager.h"
#include "support/test_peer.h"

namespace echo::test {
namespace {

using namespace std::chrono_literals;

// The signal stays blocked until the next turn waits.
void raise_signal(int signal) { ASSERT_EQ(::raise(signal), 0); }

// A server whose turns the test runs one by one, with a clock that the test sets. A turn waits for
// an event, so a test runs it only if an event is pending.
class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    settings_.listen.hosts = resolve_hosts({"127.0.0.1"});
    settings_.listen.port = 0;
    settings_.listen.backlog = 100;
  }

  void start() {
    server_.emplace(settings_, log_, signals_, manager_, std::move(startup_sockets_),
                    [this] { return now_; });
  }

  Endpoint address() const { return resolve("127.0.0.1", server_->port()).front(); }

  TestPeer connect() {
    TestPeer peer(address());
    server_->turn();
    return peer;
  }

  void echo(TestPeer& peer, const std::string& text) {
    peer.send(text);
    while (!peer.has_input()) server_->turn();
    EXPECT_EQ(peer.receive(text.size()), text);
  }

  // Sends random bytes until the server's queue has sent all of them back. The peer reads none yet.
  void echo_unread(const TestPeer& peer, std::size_t length) {
    const std::string text = random_bytes(length);
    const std::string totals = std::to_string(length) + " bytes out";
    std::string_view rest = text;
    while (!pipe_.has(totals)) {
      const Moved sent = send(peer.fd(), rest);
      rest.remove_prefix(sent.bytes);
      // SIGUSR1 logs the totals, and is an event if no other is left.
      raise_signal(SIGUSR1);
      server_->turn();
    }
  }

  // Raises the signals together.
  void expect_to_drain_for(std::initializer_list<int> signals) {
    TestPeer peer = connect();
    for (const int signal : signals) raise_signal(signal);
    EXPECT_TRUE(server_->turn());
    expect_drained(peer);
  }

  // The server waits only for this peer.
  void expect_drained(TestPeer& peer) {
    EXPECT_EQ(peer.receive_to_eof(), "");
    peer.shut_down_sending();
    EXPECT_FALSE(server_->turn());
    EXPECT_TRUE(pipe_.has("after draining\n"));
  }

  LogPipe pipe_;
  Log log_{pipe_.fd(), LogLevel::kInfo, Log::Mode::kDaemon};
  Signals signals_{Server::kSignals};
  ServiceManager manager_;
  StartupSockets startup_sockets_;
  ServerSettings settings_;
  Time now_{};
  std::optional<Server> server_;
};

TEST_F(ServerTest, LogsItsListeningAddress) {
  start();
  EXPECT_EQ(pipe_.text(),
            "starting up on 127.0.0.1 port " + std::to_string(server_->port()) + "\n");
}

TEST_F(ServerTest, SendsInTheTurnAfterReceiving) {
  start();
  TestPeer peer = connect();
  peer.send("x");
  server_->turn();
  EXPECT_FALSE(peer.has_input());
  server_->turn();
  EXPECT_TRUE(peer.has_input());
}

TEST_F(ServerTest, ClosesAnIdleConnectionAtItsTimeout) {
  settings_.idle_timeout = 10s;
  start();
  const TestPeer peer = connect();
  now_ += 10s - 1ms;
  server_->turn();
  EXPECT_FALSE(peer.has_input());
  now_ += 1ms;
  server_->turn();
  EXPECT_TRUE(peer.has_input());
  EXPECT_TRUE(pipe_.has("after 10s without a byte"));
}

TEST_F(ServerTest, CountsInputThatPrecedesTheIdleTimeout) {
  settings_.idle_timeout = 10s;
  start();
  TestPeer other = connect();
  TestPeer peer = connect();
  other.send("x");
  server_->turn();
  peer.send("in time");
  now_ += 10s;
  // In this turn select() checks only the output to `other`.
  server_->turn();
  while (!peer.has_input()) server_->turn();
  EXPECT_EQ(peer.receive(7), "in time");
}

TEST_F(ServerTest, CountsIdleTimeFromTheTransfer) {
  settings_.idle_timeout = 10s;
  start();
  TestPeer peer = connect();
  peer.send("x");
  server_->turn();
  now_ += 1h;  // The process did not run.
  server_->turn();
  EXPECT_EQ(peer.receive(1), "x");
  raise_signal(SIGUSR1);
  server_->turn();
  EXPECT_FALSE(pipe_.has("without a byte"));
}

TEST_F(ServerTest, Closes9000IdleConnectionsOnTime) {
  constexpr int kGroups = 180;
  constexpr int kGroup = 50;
  constexpr std::size_t kDescriptors = 2 * kGroups * kGroup + 100;
  if (!allow_descriptors(kDescriptors)) {
    GTEST_SKIP() << "the hard limit of descriptors (ulimit -Hn) is below " << kDescriptors;
  }
  settings_.idle_timeout = 10s;
  start();
  std::vector<TestPeer> peers;
  for (int group = 0; group < kGroups; ++group) {
    for (int i = 0; i < kGroup; ++i) {
      peers.emplace_back(resolve("127.0.0.1", server_->port()).front());
    }
    server_->turn();
    now_ += 10ms;
  }
  const auto closed = [](const TestPeer& peer) { return peer.has_input(); };
  now_ = Time{} + 10s;
  for (auto group = peers.begin(); group != peers.end(); group += kGroup) {
    now_ -= 1ms;
    server_->turn();
    ASSERT_TRUE(std::none_of(group, group + kGroup, closed));
    now_ += 1ms;
    server_->turn();
    ASSERT_TRUE(std::all_of(group, group + kGroup, closed));
    now_ += 10ms;
  }
}

TEST_F(ServerTest, CountsIdleTimeFromTheLastByte) {
  settings_.idle_timeout = 10s;
  start();
  TestPeer active = connect();
  const TestPeer idle = connect();
  now_ += 5s;
  echo(active, "x");
  now_ += 5s;
  server_->turn();
  EXPECT_TRUE(idle.has_input());
  EXPECT_FALSE(active.has_input());
  now_ += 5s;
  server_->turn();
  EXPECT_TRUE(active.has_input());
}

// All bytes have left the queue, but most are still in the kernel's buffers.
TEST_F(ServerTest, CountsReadingByThePeerAsActivity) {
  settings_.idle_timeout = 10s;
  start();
  const TestPeer peer = connect();
  echo_unread(peer, 1'000'000);
  const auto look_ten_seconds_later = [&] {
    now_ += 10s;
    server_->turn();
  };
  look_ten_seconds_later();
  EXPECT_EQ(peer.receive(200'000).size(), 200'000U);
  look_ten_seconds_later();
  EXPECT_FALSE(pipe_.has("closing"));
  // The peer reads no more.
  look_ten_seconds_later();
  EXPECT_TRUE(pipe_.has("after 10s without a byte"));
}

TEST_F(ServerTest, EndsImmediatelyWithoutClients) {
  start();
  raise_signal(SIGTERM);
  EXPECT_FALSE(server_->turn());
}

TEST_F(ServerTest, WaitsForThePeersEofWhenDraining) {
  start();
  TestPeer peer = connect();
  raise_signal(SIGTERM);
  EXPECT_TRUE(server_->turn());
  EXPECT_EQ(peer.receive_to_eof(), "");
  peer.send("too late, and no reason for a reset");
  EXPECT_TRUE(server_->turn());
  peer.shut_down_sending();
  EXPECT_FALSE(server_->turn());
  EXPECT_FALSE(peer.is_reset());
  EXPECT_TRUE(pipe_.has("after draining, bytes discarded: 35\n"));
}

TEST_F(ServerTest, ClosesAPeerThatSendsNoEof) {
  settings_.drain_timeout = 1h;
  start();
  const TestPeer peer = connect();
  raise_signal(SIGTERM);
  EXPECT_TRUE(server_->turn());
  EXPECT_EQ(peer.receive_to_eof(), "");
  // The peer's kernel acknowledges it a little later.
  wait_until([&] {
    now_ += 250ms;
    return !server_->turn();
  });
  EXPECT_TRUE(pipe_.has("after draining\n"));
}

TEST_F(ServerTest, DrainsUntilThePeerHasReadEverything) {
  start();
  const TestPeer peer = connect();
  echo_unread(peer, 1'000'000);
  raise_signal(SIGTERM);
  EXPECT_TRUE(server_->turn());
  for (int i = 0; i < 3; ++i) {
    now_ += 250ms;
    peer.send("meanwhile");
    EXPECT_TRUE(server_->turn());
  }
  EXPECT_EQ(peer.receive_to_eof().size(), 1'000'000U);
  peer.shut_down_sending();
  while (server_->turn()) continue;
  EXPECT_TRUE(pipe_.has("after draining, bytes discarded: 27\n"));
}

TEST_F(ServerTest, EchoesEarlierInputWhenDraining) {
  start();
  TestPeer peer = connect();
  peer.send("before");
  raise_signal(SIGTERM);
  // One turn receives, the next one sends.
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(server_->turn());
  EXPECT_EQ(peer.receive_to_eof(), "before");
}

TEST_F(ServerTest, StopsDrainingAtTheTimeout) {
  start();
  TestPeer peer = connect();
  raise_signal(SIGTERM);
  EXPECT_TRUE(server_->turn());
  for (Duration waited = 0s; waited < 5s; waited += 200ms) {
    peer.send("and on");
    EXPECT_TRUE(server_->turn());
    now_ += 200ms;
  }
  // The remaining turns may take long.
  for (int turns = 0; server_->turn(); ++turns) {
    ASSERT_LE(turns, DrainTimeout::kMaxLateTurns);
    now_ += 70ms;
    peer.send("and on");
  }
  EXPECT_EQ(peer.receive_to_eof(), "");
}

TEST_F(ServerTest, EchoesInputThatPrecedesTheDrainTimeout) {
  start();
  TestPeer peer = connect();
  peer.send("pending, ");
  raise_signal(SIGTERM);
  EXPECT_TRUE(server_->turn());
  peer.send("and in time");
  now_ += 1h;
  // In this turn select() checks only the outputs.
  EXPECT_TRUE(server_->turn());
  while (server_->turn()) now_ += 10ms;
  EXPECT_EQ(peer.receive_to_eof(), "pending, and in time");
}

// Shuts down the listeners on that port, as another process that shares them could.
void kill_listeners(std::uint16_t port) {
  for (int fd = 0; fd < 64; ++fd) {
    const bool listens = kind_of(fd) == SocketKind::kListener;
    if (listens && local_endpoint(fd).port() == port) shut_down_listener(fd);
  }
}

TEST_F(ServerTest, ReopensAListenerThatDied) {
  start();
  const std::uint16_t port = server_->port();
  kill_listeners(port);
  EXPECT_TRUE(server_->turn());
  EXPECT_TRUE(pipe_.has("error: cannot accept on 127.0.0.1 port " + std::to_string(port)));
  TestPeer peer = connect();
  echo(peer, "served");
}

TEST_F(ServerTest, FailsIfAListenerDiesRepeatedly) {
  start();
  kill_listeners(server_->port());
  EXPECT_TRUE(server_->turn());
  kill_listeners(server_->port());
  EXPECT_FALSE(server_->run());
  EXPECT_TRUE(pipe_.has("listener failed: draining 0 connections"));
}

TEST_F(ServerTest, DrainsOnASignalAfterAListenerDied) {
  startup_sockets_.listeners.push_back(listen_on(resolve("127.0.0.1", 0).front(), 1, false));
  start();
  TestPeer peer = connect();
  kill_listeners(server_->port());
  EXPECT_TRUE(server_->turn());
  raise_signal(SIGTERM);
  EXPECT_TRUE(server_->turn());
  expect_drained(peer);
}

TEST_F(ServerTest, FailsIfAPassedListenerDies) {
  startup_sockets_.listeners.push_back(listen_on(resolve("127.0.0.1", 0).front(), 1, false));
  start();
  TestPeer peer = connect();
  kill_listeners(server_->port());
  EXPECT_TRUE(server_->turn());
  EXPECT_EQ(peer.receive_to_eof(), "");
  peer.shut_down_sending();
  EXPECT_FALSE(server_->run());
}

TEST_F(ServerTest, EndsImmediatelyOnASecondSignal) {
  start();
  TestPeer peer = connect();
  raise_signal(SIGTERM);
  EXPECT_TRUE(server_->turn());
  raise_signal(SIGINT);
  EXPECT_FALSE(server_->turn());
  EXPECT_EQ(peer.receive_to_eof(), "");
  EXPECT_TRUE(pipe_.has("after a second signal"));
}

// A terminal that closes sends several signals, and so does systemd.
TEST_F(ServerTest, TreatsSimultaneousStopSignalsAsOne) {
  start();
  expect_to_drain_for({SIGTERM, SIGHUP});
}

// Fails each allocation in turn while the server accepts, receives, sends and closes. The parameter
// is the lowest descriptor that the new connection can get.
class OutOfMemory : public ServerTest, public testing::WithParamInterface<int> {
 protected:
  // Occupies all lower descriptors.
  std::vector<UniqueFd> take_descriptors() {
    std::vector<UniqueFd> taken;
    do {
      taken.emplace_back(::dup(pipe_.fd()));
    } while (taken.back().get() + 1 < GetParam());
    return taken;
  }
};

TEST_P(OutOfMemory, ServesUnaffectedConnections) {
  log_ = Log(pipe_.fd(), LogLevel::kDebug, Log::Mode::kDaemon);
  settings_.max_per_host = 100;
  bool any_failed = true;
  for (std::size_t successes = 0; any_failed; ++successes) {
    start();
    TestPeer witness = connect();
    TestPeer waker = connect();
    TestPeer receiver = connect();
    TestPeer sender = connect();
    receiver.send("sent in the next turn");
    server_->turn();

    sender.send(random_bytes(40'000));
    const TestPeer newcomer(resolve("127.0.0.1", server_->port()).front());
    const std::vector<UniqueFd> taken = take_descriptors();
    {
      const FailingAllocations failing(successes);
      server_->turn();
      waker.send("there is an event in the next turn too");
      server_->turn();
      any_failed = failing.any_failed();
    }
    echo(witness, "still served");
    server_.reset();
    pipe_.text();
  }
}

// The first descriptor fits into the sets; for the second one the sets must grow.
INSTANTIATE_TEST_SUITE_P(Each, OutOfMemory, testing::Values(0, FdSet::kWordBits));

TEST_F(ServerTest, LogsStatisticsAtAnyLevel) {
  log_ = Log(pipe_.fd(), LogLevel::kError, Log::Mode::kDaemon);
  start();
  TestPeer peer = connect();
  echo(peer, "12345");
  now_ += 90s;
  raise_signal(SIGUSR1);
  EXPECT_TRUE(server_->turn());
  EXPECT_TRUE(pipe_.has(
      "\nstatistics: 1 open, 1 accepted, 0 refused, 5 bytes in, 5 bytes out, up 1m30s\n"));
}

TEST_F(ServerTest, LogsRemainingRefusalsWhenItEnds) {
  settings_.max_connections = 1;
  start();
  {
    const TestPeer first = connect();
    for (int i = 0; i < 5; ++i) connect();
  }
  raise_signal(SIGTERM);
  server_->run();
  EXPECT_TRUE(pipe_.has("connections refused: 4, the last from "));
}

TEST_F(ServerTest, AdmitsAHostAgainAfterAClientLeaves) {
  settings_.max_per_host = 1;
  start();
  std::optional<TestPeer> first(connect());
  first.reset();
  server_->turn();
  TestPeer second = connect();
  echo(second, "in");
}

TEST_F(ServerTest, DistinguishesConnectionsThatReuseADescriptor) {
  log_ = Log(pipe_.fd(), LogLevel::kDebug, Log::Mode::kDaemon);
  // The listener gets a higher descriptor than its clients. So, in one turn, a client leaves first,
  // and the next client gets its descriptor while it is still reported as writable.
  UniqueFd low(::dup(pipe_.fd()));
  start();
  low.reset();
  TestPeer old = connect();
  TestPeer waker = connect();
  // If an output is not new, select() checks it together with the inputs.
  const std::string block = random_bytes(65536);
  while (!pipe_.has("closing") && send(old.fd(), block).bytes > 0) echo(waker, "one turn more");
  while (waker.has_input()) server_->turn();

  TestPeer fresh(resolve("127.0.0.1", server_->port()).front());
  old.reset();
  server_->turn();
  EXPECT_TRUE(pipe_.has("after an error: Connection reset by peer, bytes unsent: "));
  EXPECT_FALSE(pipe_.has("output queue for " + fresh.local().to_string()));
  echo(fresh, "fresh");
}

// A server with a service manager, and its successors after restarts.
class ManagedServer : public ServerTest {
 protected:
  void start_managed() {
    const Environment environment{{"NOTIFY_SOCKET", test_manager_.address().c_str()}};
    manager_ = ServiceManager(log_);
    start();
  }

  void hand_over() {
    raise_signal(SIGUSR2);
    while (server_->turn()) continue;
    server_.reset();
    for (PassedDescriptor& kept : test_manager_.take_kept()) {
      EXPECT_EQ(kept.name, kHandoverName);
      startup_sockets_.handover = HandoverReader(std::move(kept.fd));
    }
  }

  void restart() {
    hand_over();
    start_managed();
  }

  // Sends a long text, of which a part is still pending when the server has received all of it.
  void leave_pending(const TestPeer& peer, const std::string& text) {
    std::string_view rest = text;
    while (!rest.empty()) {
      const Moved sent = send(peer.fd(), rest);
      rest.remove_prefix(sent.bytes);
      server_->turn();
    }
  }

  // Another peer sends a byte before every turn, so that no turn blocks.
  template <typename Condition>
  void turn_until(Condition condition) {
    const TestPeer waker = connect();
    while (!condition()) {
      waker.send("x");
      server_->turn();
    }
  }

  std::string take(const TestPeer& peer, std::size_t length) {
    std::string taken;
    std::vector<char> buffer(1UL << 20);
    turn_until([&] {
      taken.append(buffer.data(), receive(peer.fd(), buffer).bytes);
      return taken.size() >= length;
    });
    return taken;
  }

  TestManager test_manager_;
};

TEST_F(ManagedServer, NotifiesReadinessOnceItListens) {
  start_managed();
  EXPECT_EQ(test_manager_.wait_for("READY=1"), "READY=1\nSTATUS=0 connections, 0 B echoed\n");
  EXPECT_TRUE(pipe_.has("starting up on "));
}

TEST_F(ManagedServer, UpdatesItsStatus) {
  start_managed();
  now_ += 1s;
  TestPeer peer = connect();
  test_manager_.wait_for("STATUS=1 connection, 0 B echoed\n");
  now_ += 1s;
  echo(peer, std::string(2048, 'x'));
  test_manager_.wait_for("STATUS=1 connection, 2.0 KiB echoed\n");
}

TEST_F(ManagedServer, NotifiesThatItDrains) {
  settings_.drain_timeout = 20s;
  start_managed();
  now_ += 1s;
  const TestPeer peer = connect();
  now_ += 1s;
  raise_signal(SIGTERM);
  server_->turn();
  EXPECT_EQ(test_manager_.wait_for("STOPPING=1"),
            "STOPPING=1\nEXTEND_TIMEOUT_USEC=25000000\n"
            "STATUS=draining: 1 connection, 0 B echoed\n");
}

TEST_F(ManagedServer, KeepsConnectionsAcrossARestart) {
  start_managed();
  TestPeer peer = connect();
  echo(peer, "before");
  restart();
  EXPECT_FALSE(peer.has_input());
  echo(peer, "after");
  EXPECT_TRUE(pipe_.has("handed over: 1 connection, 0 bytes pending\n"));
  EXPECT_TRUE(pipe_.has("restored: 1 connection, 0 bytes pending; closed meanwhile: 0\n"));
  EXPECT_FALSE(pipe_.has("closing"));
}

TEST_F(ManagedServer, KeepsPendingBytesAcrossRestarts) {
  settings_.max_queue = 32UL << 20;
  start_managed();
  const TestPeer peer = TestPeer::with_buffers(address(), 65536);
  const std::string text = random_bytes(16UL << 20);
  leave_pending(peer, text);
  for (int i = 0; i < 3; ++i) restart();
  EXPECT_FALSE(pipe_.has(", 0 bytes pending"));
  EXPECT_TRUE(take(peer, text.size()) == text);
}

TEST_F(ManagedServer, ClosesAfterARestartOnAnEarlierEof) {
  settings_.max_queue = 32UL << 20;
  start_managed();
  const TestPeer peer = TestPeer::with_buffers(address(), 65536);
  const std::string text = random_bytes(8UL << 20);
  leave_pending(peer, text);
  peer.shut_down_sending();
  // Enough turns to receive the EOF, unless the kernel delivers it late.
  int turns = 0;
  turn_until([&] { return ++turns > 200; });
  restart();
  EXPECT_TRUE(take(peer, text.size()) == text);
  turn_until([&] { return peer.has_input(); });
  EXPECT_EQ(peer.receive_to_eof(), "");
  EXPECT_TRUE(pipe_.has("after reading no data\n"));
}

TEST_F(ManagedServer, ReadsInputThatArrivedDuringARestart) {
  start_managed();
  TestPeer peer = connect();
  echo(peer, "x");
  hand_over();
  peer.send("in between");
  start_managed();
  while (!peer.has_input()) server_->turn();
  EXPECT_EQ(peer.receive(10), "in between");
}

TEST_F(ManagedServer, AcceptsClientsThatConnectedDuringARestart) {
  start_managed();
  const std::uint16_t port = server_->port();
  hand_over();
  TestPeer peer(resolve("127.0.0.1", port).front());
  start_managed();
  EXPECT_EQ(server_->port(), port);
  echo(peer, "in");
}

TEST_F(ManagedServer, AcceptsClientsOfAnAbandonedAddress) {
  start_managed();
  const Endpoint old = resolve("127.0.0.1", server_->port()).front();
  hand_over();
  TestPeer peer(old);
  settings_.listen.hosts = resolve_hosts({"127.0.0.2"});
  start_managed();
  echo(peer, "in");
  EXPECT_THROW(TestPeer{old}, std::system_error);
}

// For example, an address is not available yet.
TEST_F(ManagedServer, KeepsTheHandoverIfTheStartFails) {
  start_managed();
  TestPeer peer = connect();
  raise_signal(SIGUSR2);
  while (server_->turn()) continue;
  server_.reset();
  const std::vector<PassedDescriptor> kept = test_manager_.take_kept();
  ASSERT_EQ(kept.size(), 1U);
  settings_.listen.hosts = resolve_hosts({"192.0.2.1"});
  startup_sockets_.handover = HandoverReader(UniqueFd(::dup(kept.front().fd.get())));
  EXPECT_THROW(start_managed(), std::system_error);
  server_.reset();
  settings_.listen.hosts = resolve_hosts({"127.0.0.1"});
  startup_sockets_.handover = HandoverReader(UniqueFd(::dup(kept.front().fd.get())));
  start_managed();
  echo(peer, "still there");
}

TEST_F(ManagedServer, ChoosesANewPortIfAnAddressIsInUse) {
  start_managed();
  const std::uint16_t port = server_->port();
  TestPeer peer = connect();
  hand_over();
  const UniqueFd other = listen_on(resolve("127.0.0.2", port).front(), 1, false);
  settings_.listen.hosts = resolve_hosts({"127.0.0.1", "127.0.0.2"});
  start_managed();
  EXPECT_NE(server_->port(), port);
  echo(peer, "still there");
}

TEST_F(ManagedServer, IgnoresSigusr2WhileDraining) {
  start_managed();
  TestPeer peer = connect();
  for (const int signal : {SIGTERM, SIGUSR2}) {
    raise_signal(signal);
    EXPECT_TRUE(server_->turn());
  }
  expect_drained(peer);
}

// While a socket listens on one of the two addresses, the other address cannot be bound.
TEST_F(ManagedServer, SwitchesToAWildcardAndBack) {
  start_managed();
  const std::uint16_t port = server_->port();
  settings_.listen.port = port;
  TestPeer old = connect();
  for (const std::string host : {"*", "127.0.0.1"}) {
    hand_over();
    TestPeer waiting(resolve("127.0.0.1", port).front());
    settings_.listen.hosts = resolve_hosts({host});
    start_managed();
    echo(old, "old");
    echo(waiting, "waited");
    TestPeer newcomer = connect();
    echo(newcomer, "new");
  }
}

TEST_F(ManagedServer, AppliesLimitsOnlyToNewConnections) {
  start_managed();
  std::vector<TestPeer> peers = connect_many(resolve("127.0.0.1", server_->port()).front(), 3);
  server_->turn();
  settings_.max_connections = 1;
  settings_.max_per_host = 1;
  restart();
  for (TestPeer& peer : peers) echo(peer, "in");
  EXPECT_EQ(connect().receive_to_eof(), "");
}

std::size_t count_armed() {
  std::size_t armed = 0;
  for (int fd = 0; fd < 2 * QuietSet::kFirstIdle; ++fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_ASYNC) != 0) ++armed;
  }
  return armed;
}

// The kernel would send the signals to the previous server.
TEST_F(ManagedServer, DisarmsDescriptorsBeforeTheHandover) {
  start_managed();
  const auto idle = connect_many(resolve("127.0.0.1", server_->port()).front(), 20);
  int turns = 0;
  turn_until([&] { return ++turns > 100; });
  ASSERT_GT(count_armed(), 0U);
  hand_over();
  startup_sockets_.handover.take_connections();
  EXPECT_GE(startup_sockets_.handover.connections().size(), idle.size());
  EXPECT_EQ(count_armed(), 0U);
}

TEST_F(ManagedServer, SkipsConnectionsResetDuringARestart) {
  start_managed();
  TestPeer witness = connect();
  TestPeer leaver = connect();
  hand_over();
  leaver.reset();
  start_managed();
  echo(witness, "in");
  EXPECT_TRUE(pipe_.has("restored: 1 connection, 0 bytes pending; closed meanwhile: 1\n"));
}

// Peers send, receive and end at random while the server restarts at random. Each peer must get
// back all bytes that it has sent.
TEST_F(ManagedServer, LosesNoByteInRandomRestarts) {
  constexpr int kPeers = 20;
  constexpr int kSteps = 3000;
  struct Talker {
    TestPeer peer;
    std::string text;
    std::size_t sent = 0;
    std::size_t received = 0;
    bool ended = false;
  };
  log_ = Log(pipe_.fd(), LogLevel::kWarning, Log::Mode::kDaemon);
  settings_.max_queue = 100'000;
  start_managed();
  std::mt19937 random(1);
  const auto up_to = [&](std::size_t most) { return random() % (most + 1); };
  TestPeer waker = connect();
  std::vector<Talker> talkers;
  talkers.reserve(kPeers);
  for (int i = 0; i < kPeers; ++i) {
    talkers.push_back(
        {.peer = connect(), .text = random_bytes(2'000'000, static_cast<std::uint32_t>(i))});
  }
  std::vector<char> buffer(200'000);
  const auto take = [&](Talker& talker) {
    const Moved moved = receive(talker.peer.fd(), std::span(buffer).first(1 + up_to(199'999)));
    EXPECT_EQ(talker.text.compare(talker.received, moved.bytes, buffer.data(), moved.bytes), 0);
    talker.received += moved.bytes;
    return moved;
  };
  const auto turn = [&] {
    waker.send("x");
    server_->turn();
  };
  for (int step = 0; step < kSteps; ++step) {
    Talker& talker = talkers[up_to(kPeers - 1)];
    if (!talker.ended && talker.sent < talker.text.size()) {
      const std::string_view rest = std::string_view(talker.text).substr(talker.sent);
      talker.sent += send(talker.peer.fd(), rest.substr(0, up_to(100'000))).bytes;
    }
    if (up_to(3) == 0) take(talker);
    if (up_to(100) == 0 && !std::exchange(talker.ended, true)) talker.peer.shut_down_sending();
    if (up_to(20) == 0) {
      restart();
    } else {
      turn();
    }
  }
  for (Talker& talker : talkers) {
    if (!talker.ended) talker.peer.shut_down_sending();
    for (Moved moved{.error = EAGAIN}; moved.bytes > 0 || moved.would_block();
         moved = take(talker)) {
      turn();
    }
    EXPECT_EQ(talker.received, talker.sent);
  }
  EXPECT_FALSE(pipe_.has("warning: "));
}

// The service manager has opened the sockets and keeps them.
TEST_F(ManagedServer, ListensOnlyOnPassedSockets) {
  UniqueFd socket = listen_on(resolve("127.0.0.1", 0).front(), 10, false);
  const UniqueFd kept(::dup(socket.get()));
  const Endpoint address = local_endpoint(socket.get());
  startup_sockets_.listeners.push_back(std::move(socket));
  start_managed();
  EXPECT_EQ(server_->port(), address.port());
  hand_over();
  TestPeer waiting(address);
  EXPECT_TRUE(startup_sockets_.handover.listeners().empty());
  startup_sockets_.listeners.emplace_back(::dup(kept.get()));
  start_managed();
  echo(waiting, "in");
}

TEST_F(ManagedServer, LeavesWaitingClientsToTheNextServer) {
  const UniqueFd socket = listen_on(resolve("127.0.0.1", 0).front(), 10, false);
  startup_sockets_.listeners.emplace_back(::dup(socket.get()));
  start_managed();
  raise_signal(SIGTERM);
  EXPECT_FALSE(server_->turn());
  server_.reset();
  // The server has not shortened the backlog of the passed socket.
  const std::vector<TestPeer> waiting = connect_many(local_endpoint(socket.get()), 5);
  for (std::size_t i = 0; i < waiting.size(); ++i) EXPECT_TRUE(accept_from(socket.get()).fd);
}

TEST_F(ServerTest, DrainsOnSigusr2WithoutAServiceManager) {
  start();
  expect_to_drain_for({SIGUSR2});
  EXPECT_TRUE(pipe_.has("SIGUSR2: draining 1 connection for at most 5s\n"));
}

TEST_F(ServerTest, DrainsOnSigusr2IfTheManagerStoresNothing) {
  TestManager test_manager(TestManager::Keeps::kNothing);
  const Environment environment{{"NOTIFY_SOCKET", test_manager.address().c_str()}};
  manager_ = ServiceManager(log_);
  start();
  expect_to_drain_for({SIGUSR2});
  EXPECT_TRUE(
      pipe_.has("warning: cannot hand over: the service manager stores no descriptors; set "
                "FileDescriptorStoreMax=\n"));
}

TEST_F(ServerTest, DrainsOnSigusr2IfTheManagerIsGone) {
  {
    const TestManager test_manager;
    const Environment environment{{"NOTIFY_SOCKET", test_manager.address().c_str()}};
    manager_ = ServiceManager(log_);
  }
  start();
  expect_to_drain_for({SIGUSR2});
  EXPECT_TRUE(pipe_.has("warning: cannot hand over: Connection refused\n"));
}

TEST_F(ManagedServer, DrainsOnSimultaneousSigtermAndSigusr2) {
  start_managed();
  expect_to_drain_for({SIGUSR2, SIGTERM});
  EXPECT_TRUE(pipe_.has("SIGTERM: draining"));
}

}  // namespace
}  // namespace echo::test
