#include "echo/load/load.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/client/server_addresses.h"
#include "echo/load/load_observer.h"
#include "echo/load/load_recorder.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/load/schedule.h"
#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/false_server.h"
#include "support/socket_pair.h"
#include "support/test_peer.h"

namespace echo::test {
namespace {

using namespace std::chrono_literals;

// Records all reports.
class RecordingObserver : public LoadObserver {
 public:
  void answered(const Answer& answer) override { answers.push_back(answer.latency); }
  void lost(std::uint64_t sequence, const std::string& reason) override {
    losses.push_back(sequence);
    last_loss = reason;
  }
  void failed(const std::string& text) override { failures.push_back(text); }
  void refused(const std::string& refusal, const Endpoint& /*instead*/) override {
    refusals.push_back(refusal);
  }
  void sampled(const Sample& sample) override { samples.push_back(sample); }

  std::vector<Duration> answers;
  std::vector<std::uint64_t> losses;
  std::string last_loss;
  std::vector<std::string> failures;
  std::vector<std::string> refusals;
  std::vector<Sample> samples;
};

// The test runs each turn of the load, sets its clock, and plays the server.
class LoadTest : public testing::Test {
 protected:
  LoadTest() {
    settings_.host = "127.0.0.1";
    settings_.port = local_endpoint(listener_.get()).port();
    settings_.connections = 1;
    settings_.timeout = 0s;
    settings_.sizes = {.least = 10, .most = 10};
  }

  void start(Duration sample = Duration{0}) {
    // The clock stands still: only the progress interval ends a turn without an event.
    load_.emplace(settings_,
                  ServerAddresses([this] { return addresses_; }, settings_.all_addresses),
                  observer_, LoadRecorder::Intervals{.sample = sample, .progress = 1ms}, -1,
                  [this] { return now_; });
  }

  TestPeer accept() {
    while (!is_readable(listener_.get())) load_->turn();
    return TestPeer(accept_from(listener_.get()).fd);
  }

  // The next `length` bytes that the load sends to the peer.
  std::string receive(const TestPeer& peer, std::size_t length) {
    std::string text;
    while (text.size() < length) {
      while (!peer.has_input()) load_->turn();
      text += peer.receive(1);
    }
    return text;
  }

  void expect_eof(const TestPeer& peer) { EXPECT_EQ(receive_all(peer), ""); }

  std::string receive_all(const TestPeer& peer) {
    while (!peer.has_input()) load_->turn();
    return peer.receive_to_eof();
  }

  void send(const TestPeer& peer, const std::string& text) {
    peer.send(text);
    const std::size_t before = observer_.answers.size() + observer_.failures.size();
    while (observer_.answers.size() + observer_.failures.size() == before) load_->turn();
  }

  // Echoes the next message.
  void echo(const TestPeer& peer) { send(peer, receive(peer, 10)); }

  const LoadResults& finish() {
    // A load with a duration runs until its end, even if nothing more happens.
    for (int turns = 0; load_->turn(); ++turns) {
      if (turns > 20 && settings_.duration > 0s) now_ += 10ms;
    }
    return load_->finish(false);
  }

  // Runs the load until it has nothing more to do at this time.
  void settle() {
    for (int turns = 0; turns < 5; ++turns) load_->turn();
  }

  UniqueFd listener_ = listen_on(resolve("127.0.0.1", 0).front(), 100, false);
  LoadSettings settings_;
  RecordingObserver observer_;
  Time now_ = Time{} + 1h;
  ServerAddresses::List addresses_{local_endpoint(listener_.get())};
  std::optional<Load> load_;
};

TEST_F(LoadTest, SendsTheNextMessageAfterTheAnswer) {
  settings_.count = 2;
  start();
  const TestPeer peer = accept();
  const std::string first = receive(peer, 10);
  settle();
  EXPECT_FALSE(peer.has_input());
  send(peer, first);
  const std::string second = receive(peer, 10);
  EXPECT_NE(second, first);
}

TEST_F(LoadTest, MeasuresSeparateAddressesSeparately) {
  const UniqueFd other = listen_on(resolve("127.0.0.2", 0).front(), 1, false);
  addresses_.push_back(local_endpoint(other.get()));
  settings_.all_addresses = true;
  settings_.connections = 2;
  settings_.count = 2;
  start();
  {
    const TestPeer one = accept();
    echo(one);
    echo(one);
    expect_eof(one);
    const TestPeer two(accept_from(other.get()).fd);
    echo(two);
  }
  const LoadResults& results = finish();
  EXPECT_EQ(observer_.last_loss,
            addresses_[1].to_string() + ": the server closed early, at offset 10 of 20");
  ASSERT_EQ(results.addresses.size(), 2U);
  for (std::size_t index = 0; index < 2; ++index) {
    const AddressResults& part = results.addresses[index];
    EXPECT_EQ(part.address, addresses_[index].to_string());
    EXPECT_EQ(part.opened, 1U);
    EXPECT_EQ(part.failed, index);
    EXPECT_EQ(part.sent, 2U);
    EXPECT_EQ(part.received, 2 - index);
    EXPECT_EQ(part.lost, index);
    EXPECT_EQ(part.latency.count(), 2 - index);
  }
}

TEST_F(LoadTest, CountsNoAddressUnlessTheyAreSeparate) {
  settings_.count = 1;
  start();
  {
    const TestPeer peer = accept();
    echo(peer);
    expect_eof(peer);
  }
  EXPECT_TRUE(finish().addresses.empty());
}

TEST_F(LoadTest, ClosesEachConnectionThatOnlyConnects) {
  settings_.count = 2;
  settings_.connect_only = settings_.churn = true;
  settings_.sizes = {};
  start();
  expect_eof(accept());
  expect_eof(accept());
  const LoadResults& results = finish();
  EXPECT_TRUE(results.is_exact());
  EXPECT_EQ(results.opened, 2U);
  EXPECT_EQ(results.received, 2U);
  EXPECT_EQ(results.latency.count(), 2U);
  EXPECT_EQ(results.bytes, 0U);
}

TEST_F(LoadTest, IgnoresBytesFromAServerToWhichItOnlyConnects) {
  settings_.connect_only = settings_.churn = true;
  settings_.sizes = {};
  settings_.count = 1;
  start();
  load_->turn();
  while (!is_readable(listener_.get())) load_->turn();
  const TestPeer greeter(accept_from(listener_.get()).fd);
  greeter.send("220 ready");
  EXPECT_TRUE(finish().is_exact());
}

TEST_F(LoadTest, EndsWithEofOnBothSides) {
  settings_.count = 1;
  start();
  {
    const TestPeer peer = accept();
    echo(peer);
    expect_eof(peer);
  }
  const LoadResults& results = finish();
  EXPECT_TRUE(results.is_exact());
  EXPECT_EQ(results.opened, 1U);
  EXPECT_EQ(results.sent, 1U);
  EXPECT_EQ(results.received, 1U);
  EXPECT_EQ(results.bytes, 10U);
  EXPECT_EQ(results.in_flight(), 0U);
}

TEST_F(LoadTest, SendsEofOnlyAfterTheLastAnswer) {
  settings_.count = 1;
  start();
  const TestPeer peer = accept();
  receive(peer, 10);
  settle();
  EXPECT_FALSE(peer.has_input());
}

TEST_F(LoadTest, SendsEofAfterTheLastMessageWithHalfClose) {
  settings_.count = 1;
  settings_.half_close = true;
  start();
  {
    const TestPeer peer = accept();
    const std::string text = receive_all(peer);
    EXPECT_EQ(text.size(), 10U);
    send(peer, text);
  }
  EXPECT_TRUE(finish().is_exact());
}

TEST_F(LoadTest, LimitsMessagesInFlight) {
  settings_.count = 10;
  settings_.pipeline = 3;
  start();
  const TestPeer peer = accept();
  std::string text = receive(peer, 30);
  settle();
  EXPECT_FALSE(peer.has_input());
  send(peer, text.substr(0, 10));
  text += receive(peer, 10);
  settle();
  EXPECT_FALSE(peer.has_input());
}

TEST_F(LoadTest, CountsLatencyFromSending) {
  settings_.count = 2;
  start();
  const TestPeer peer = accept();
  const std::string first = receive(peer, 10);
  now_ += 5ms;
  send(peer, first);
  const std::string second = receive(peer, 10);
  now_ += 7ms;
  send(peer, second);
  EXPECT_EQ(observer_.answers, (std::vector<Duration>{5ms, 7ms}));
}

// Ten messages are scheduled while the server sleeps for a second. Each latency includes the wait.
TEST_F(LoadTest, CountsLatencyFromTheScheduledTime) {
  settings_.rate = {.count = 10};
  settings_.duration = 1s;
  settings_.pipeline = 1;
  start();
  {
    const TestPeer peer = accept();
    const std::string first = receive(peer, 10);
    now_ += 1s;
    send(peer, first);
    for (int more = 0; more < 9; ++more) echo(peer);
  }
  const LoadResults& results = finish();
  EXPECT_EQ(observer_.answers, (std::vector<Duration>{1000ms, 900ms, 800ms, 700ms, 600ms, 500ms,
                                                      400ms, 300ms, 200ms, 100ms}));
  EXPECT_EQ(results.lateness.max(), 900ms);
  EXPECT_EQ(results.elapsed, 1s);
}

// As before, but only the message that is not later than the distance between two is sent.
TEST_F(LoadTest, SkipsLateMessagesWithoutCatchUp) {
  settings_.rate = {.count = 10};
  settings_.duration = 1s;
  settings_.pipeline = 1;
  settings_.no_catch_up = true;
  start();
  {
    const TestPeer peer = accept();
    const std::string first = receive(peer, 10);
    now_ += 1s;
    send(peer, first);
    echo(peer);
  }
  const LoadResults& results = finish();
  EXPECT_EQ(observer_.answers, (std::vector<Duration>{1000ms, 100ms}));
  EXPECT_EQ(results.skipped, 8U);
  EXPECT_EQ(results.sent, 2U);
  EXPECT_EQ(results.sent_late, 0U);
  EXPECT_TRUE(results.is_exact());
}

TEST_F(LoadTest, SkipsLateChurnMessagesWithoutCatchUp) {
  settings_.churn = true;
  settings_.rate = {.count = 10};
  settings_.duration = 1s;
  settings_.no_catch_up = true;
  start();
  {
    const TestPeer peer = accept();
    const std::string first = receive(peer, 10);
    now_ += 850ms;
    send(peer, first);
    expect_eof(peer);
  }
  for (int message = 0; message < 2; ++message) {  // Those of 800 ms and 900 ms.
    const TestPeer peer = accept();
    echo(peer);
    expect_eof(peer);
    now_ += 60ms;
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.skipped, 7U);
  EXPECT_EQ(results.sent, 3U);
  EXPECT_EQ(results.opened, 3U);
  EXPECT_EQ(results.received, 3U);
}

// A message that could only have been sent late is not in flight.
TEST_F(LoadTest, CountsNoSkippedMessageAsInFlightIfItIsInterrupted) {
  settings_.rate = {.count = 10};
  settings_.pipeline = 1;
  settings_.no_catch_up = true;
  start();
  const TestPeer peer = accept();
  receive(peer, 10);
  now_ += 1050ms;
  const LoadResults& results = load_->finish(true);
  EXPECT_EQ(results.skipped, 9U);  // Those of 100 ms to 900 ms.
  EXPECT_EQ(results.in_flight(), 2U);
}

// The peer gets the messages exactly when the schedule has them.
TEST_F(LoadTest, SendsMessagesAtTheTimesOfAPoissonSchedule) {
  settings_.connections = 2;
  settings_.rate = {.count = 10};
  settings_.poisson = true;
  settings_.pipeline = 100;
  settings_.seed = 3;
  Schedule schedule = Schedule::poisson(settings_.rate, 2, now_, settings_.seed);
  start();
  std::vector<TestPeer> peers;
  peers.push_back(accept());
  peers.push_back(accept());
  settle();
  for (int message = 0; message < 20; ++message) {
    now_ = schedule.next_turn() - 1ns;
    settle();
    EXPECT_FALSE(peers[0].has_input() || peers[1].has_input());
    now_ += 1ns;
    receive(peers[schedule.take_turn()], 10);
  }
  EXPECT_EQ(load_->results().sent, 20U);
}

TEST_F(LoadTest, SendsMessagesOnSchedule) {
  settings_.rate = {.count = 10};
  settings_.duration = 10s;
  settings_.pipeline = 100;
  start();
  const TestPeer peer = accept();
  receive(peer, 10);
  now_ += 99ms;
  settle();
  EXPECT_FALSE(peer.has_input());
  now_ += 1ms;
  receive(peer, 10);
  now_ += 300ms;
  receive(peer, 30);
  settle();
  EXPECT_FALSE(peer.has_input());
}

TEST_F(LoadTest, SchedulesMessagesOnConnectionsInTurn) {
  settings_.connections = 2;
  settings_.rate = {.count = 10};
  settings_.duration = 10s;
  settings_.pipeline = 100;
  start();
  const TestPeer first = accept();
  const TestPeer second = accept();
  receive(first, 10);
  EXPECT_FALSE(second.has_input());
  now_ += 100ms;
  receive(second, 10);
  EXPECT_FALSE(first.has_input());
  now_ += 100ms;
  receive(first, 10);
}

TEST_F(LoadTest, SendsNoMessageAfterItsDuration) {
  settings_.duration = 1s;
  start();
  {
    const TestPeer peer = accept();
    const std::string text = receive(peer, 10);
    now_ += 1s;
    send(peer, text);
    expect_eof(peer);
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 1U);
  EXPECT_EQ(results.elapsed, 1s);
}

TEST_F(LoadTest, DoesNotMeasureTheWarmup) {
  settings_.count = 1;
  settings_.warmup = 1s;
  start();
  {
    const TestPeer peer = accept();
    const std::string warm = receive(peer, 10);
    now_ += 1s;
    peer.send(warm);
    const std::string measured = receive(peer, 10);
    now_ += 3ms;
    send(peer, measured);
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.received, 1U);
  EXPECT_EQ(results.latency.max(), 3ms);
  EXPECT_EQ(results.elapsed, 3ms);
}

TEST_F(LoadTest, OpensAConnectionPerMessageWithChurn) {
  settings_.count = 2;
  settings_.churn = true;
  start();
  for (int message = 0; message < 2; ++message) {
    const TestPeer peer = accept();
    echo(peer);
    expect_eof(peer);
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.opened, 2U);
  EXPECT_EQ(results.most_open, 1U);
  EXPECT_EQ(results.received, 2U);
}

TEST_F(LoadTest, CountsChurnLatencyFromConnect) {
  settings_.count = 1;
  settings_.churn = true;
  start();
  load_->turn();
  now_ += 4ms;
  const TestPeer peer = accept();
  const std::string text = receive(peer, 10);
  now_ += 4ms;
  send(peer, text);
  EXPECT_EQ(observer_.answers, std::vector<Duration>{8ms});
}

TEST_F(LoadTest, OpensChurnConnectionsOnSchedule) {
  settings_.churn = true;
  settings_.rate = {.count = 1};
  settings_.duration = 10s;
  start();
  {
    const TestPeer peer = accept();
    echo(peer);
    expect_eof(peer);
  }
  now_ += 999ms;
  settle();
  EXPECT_FALSE(is_readable(listener_.get()));
  now_ += 1ms;
  accept();
}

TEST_F(LoadTest, SendsNothingOnIdleConnections) {
  settings_.count = 1;
  settings_.idle = 1;
  start();
  {
    TestPeer busy = accept();
    TestPeer idle = accept();
    while (!busy.has_input() && !idle.has_input()) load_->turn();
    if (idle.has_input()) std::swap(busy, idle);
    settle();
    EXPECT_FALSE(idle.has_input());
    echo(busy);
    expect_eof(busy);
    busy.shut_down_sending();
    expect_eof(idle);
  }
  const LoadResults& results = finish();
  EXPECT_TRUE(results.is_exact());
  EXPECT_EQ(results.opened, 2U);
}

TEST_F(LoadTest, ReportsAnIdleConnectionClosedEarly) {
  settings_.count = 1;
  settings_.churn = true;
  settings_.idle = 1;
  start();
  accept();  // The idle connection is opened first.
  const TestPeer busy = accept();
  echo(busy);
  busy.shut_down_sending();
  const LoadResults& results = finish();
  EXPECT_EQ(results.failures.at(static_cast<std::size_t>(Failure::kClosedEarly)), 1U);
  EXPECT_EQ(results.received, 1U);
}

// The failed idle connection must not count twice.
TEST_F(LoadTest, WaitsForTheRemainingIdleConnections) {
  settings_.count = 1;
  settings_.duration = 1s;
  settings_.idle = 2;
  start();
  {
    const TestPeer busy = accept();
    accept();
    const TestPeer idle = accept();
    while (observer_.failures.empty()) load_->turn();
    echo(busy);
    expect_eof(busy);
    busy.shut_down_sending();
    expect_eof(idle);
    now_ += 1s;
    EXPECT_TRUE(load_->turn());
  }
  EXPECT_EQ(finish().open, 0U);
}

TEST_F(LoadTest, ReportsTheDetailsOfAMismatch) {
  settings_.count = 1;
  start();
  const TestPeer peer = accept();
  std::string text = receive(peer, 10);
  text[7] = static_cast<char>(text[7] ^ 1);
  send(peer, text);
  const LoadResults& results = finish();
  ASSERT_EQ(observer_.failures.size(), 1U);
  EXPECT_NE(observer_.failures[0].find("connection 1 (127.0.0.1:"), std::string::npos);
  EXPECT_NE(observer_.failures[0].find("bytes differ at offset 7: sent 0x"), std::string::npos);
  EXPECT_EQ(results.failures.at(static_cast<std::size_t>(Failure::kMismatch)), 1U);
  EXPECT_EQ(results.lost, 1U);
  EXPECT_FALSE(results.is_exact());
}

TEST_F(LoadTest, KeepsOnlyTheFirstFailureTexts) {
  settings_.connections = 12;
  settings_.count = 1;
  start();
  std::vector<TestPeer> peers;
  while (peers.size() < 12) peers.push_back(accept());
  settle();
  peers.clear();
  const LoadResults& results = finish();
  EXPECT_EQ(results.failed(), 12U);
  ASSERT_EQ(observer_.failures.size(), 12U);
  observer_.failures.resize(kMaxFailuresLogged);
  EXPECT_EQ(results.failure_texts, observer_.failures);
}

TEST_F(LoadTest, ContinuesAfterAFailedConnection) {
  settings_.connections = 2;
  settings_.count = 1;
  start();
  TestPeer failing = accept();
  {
    const TestPeer peer = accept();
    receive(failing, 10);
    failing.reset();
    const std::string text = receive(peer, 10);
    while (observer_.failures.empty()) load_->turn();
    send(peer, text);
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.received, 1U);
  EXPECT_EQ(results.lost, 1U);
  EXPECT_EQ(results.failures.at(static_cast<std::size_t>(Failure::kReset)), 1U);
}

TEST_F(LoadTest, LosesScheduledMessagesOfAClosedConnection) {
  settings_.rate = {.count = 10};
  settings_.duration = 500ms;
  settings_.pipeline = 1;
  start();
  {
    const TestPeer peer = accept();
    receive(peer, 10);
    now_ += 400ms;
    settle();
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 5U);
  EXPECT_EQ(observer_.losses, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

// The first connection has a message scheduled every 200 ms from 0 ms on, and fails immediately.
TEST_F(LoadTest, LosesMessagesScheduledForAFailedConnection) {
  settings_.connections = 2;
  settings_.rate = {.count = 10};
  settings_.duration = 1s;
  start();
  TestPeer dead = accept();
  {
    const TestPeer peer = accept();
    receive(dead, 10);
    dead.reset();
    while (observer_.failures.empty()) load_->turn();
    for (int message = 0; message < 5; ++message) {
      now_ += message == 0 ? 100ms : 200ms;
      echo(peer);
    }
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 10U);
  EXPECT_EQ(results.received, 5U);
  EXPECT_EQ(observer_.losses, (std::vector<std::uint64_t>{1, 3, 5, 7, 9}));
}

TEST_F(LoadTest, TriesEveryChurnMessageWithoutAServer) {
  settings_.churn = true;
  settings_.rate = {.count = 1000};
  settings_.duration = 100ms;
  listener_.reset();
  start();
  for (int step = 0; step < 10; ++step) {
    load_->turn();
    now_ += 10ms;
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 100U);
  EXPECT_EQ(results.lost, 100U);
  EXPECT_EQ(results.failed(), 100U);
}

TEST_F(LoadTest, LosesOneMessagePerFailedChurnConnection) {
  settings_.churn = true;
  settings_.count = 3;
  start();
  accept().reset();
  while (observer_.failures.empty()) load_->turn();
  for (int message = 0; message < 2; ++message) {
    const TestPeer peer = accept();
    echo(peer);
    expect_eof(peer);
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 3U);
  EXPECT_EQ(results.received, 2U);
  EXPECT_EQ(observer_.losses, std::vector<std::uint64_t>{1});
}

// If the server hangs, a timeout for each message in turn would take far longer than the load.
TEST_F(LoadTest, LosesOverdueChurnMessagesAfterThreeTimeouts) {
  settings_.churn = true;
  settings_.rate = {.count = 10};
  settings_.duration = 1s;
  settings_.timeout = 5s;
  start();
  for (std::size_t connection = 1; connection <= 3; ++connection) {
    const TestPeer peer = accept();
    receive(peer, 10);
    now_ += 6s;
    while (observer_.failures.size() < connection) load_->turn();
    EXPECT_EQ(observer_.losses.size(), connection < 3 ? connection : 10U);
  }
  EXPECT_EQ(finish().failed(), 3U);
}

// Otherwise the rest of the run would look like a time without load.
TEST_F(LoadTest, LosesMessagesWhileEveryConnectionIsDead) {
  settings_.connections = 2;
  settings_.rate = {.count = 10};
  settings_.duration = 1s;
  start();
  accept().reset();
  accept().reset();
  while (observer_.failures.size() < 2) load_->turn();
  for (int step = 0; step < 9; ++step) {
    ASSERT_TRUE(load_->turn());
    now_ += 100ms;
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 10U);
  EXPECT_EQ(results.lost, 10U);
  EXPECT_EQ(results.elapsed, 1s);
}

// No message is scheduled for the second connection, which fails before the load begins.
TEST_F(LoadTest, EndsIfADeadConnectionHasNoMessages) {
  settings_.connections = 2;
  settings_.rate = {.count = 1};
  settings_.duration = 100ms;
  listener_.reset();
  start();
  EXPECT_EQ(finish().lost, 1U);
}

TEST_F(LoadTest, CountsUnsentMessagesOfAFailedConnection) {
  settings_.count = 5;
  start();
  {
    TestPeer peer = accept();
    echo(peer);
    receive(peer, 10);
    peer.reset();
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 2U);
  EXPECT_EQ(results.lost, 1U);
  EXPECT_EQ(results.unsent, 3U);
}

TEST_F(LoadTest, AcceptsAResetAfterTheWholeEcho) {
  settings_.count = 1;
  start();
  {
    TestPeer peer = accept();
    echo(peer);
    expect_eof(peer);
    peer.reset();
  }
  const LoadResults& results = finish();
  EXPECT_TRUE(results.is_exact());
  EXPECT_EQ(results.resets_after_echo, 1U);
}

TEST_F(LoadTest, IsNotExactIfInterruptedWhileConnecting) {
  const SilentPort silent;
  addresses_ = {silent.endpoint()};
  settings_.connections = 3;
  settings_.duration = 1s;
  start();
  settle();
  const LoadResults& results = load_->finish(true);
  EXPECT_EQ(results.not_open, 3U);
  EXPECT_FALSE(results.is_exact());
}

TEST_F(LoadTest, LooksUpTheNameAgainAfterAFailure) {
  settings_.count = 5;
  settings_.reconnect = true;
  start();
  {
    const TestPeer peer = accept();
    echo(peer);
    listener_ = listen_on(resolve("127.0.0.1", 0).front(), 100, false);
    addresses_ = {local_endpoint(listener_.get())};
  }
  const TestPeer peer = accept();
  echo(peer);
}

TEST_F(LoadTest, ReportsADeadAddressOnce) {
  const DeadPort dead;
  const Endpoint refuser = addresses_.front().with_port(dead.port());
  addresses_ = {refuser, addresses_.front()};
  settings_.churn = true;
  settings_.count = 3;
  start();
  for (int message = 0; message < 3; ++message) {
    const TestPeer peer = accept();
    echo(peer);
    expect_eof(peer);
  }
  const LoadResults& results = finish();
  EXPECT_TRUE(results.is_exact());
  EXPECT_EQ(results.refusals,
            std::vector<std::string>{refuser.to_string() + ": Connection refused"});
  EXPECT_EQ(observer_.refusals, results.refusals);
}

TEST_F(LoadTest, IsNotExactPastItsDeadline) {
  settings_.count = 3;
  settings_.deadline = 2s;
  start();
  const TestPeer peer = accept();
  echo(peer);
  receive(peer, 10);
  now_ += 2s - 1ms;
  EXPECT_TRUE(load_->turn());
  now_ += 1ms;
  EXPECT_FALSE(load_->turn());
  const LoadResults& results = load_->finish(false);
  EXPECT_TRUE(results.is_past_deadline);
  EXPECT_FALSE(results.is_exact());
  EXPECT_EQ(results.in_flight(), 1U);
  EXPECT_EQ(results.unsent, 1U);
  EXPECT_EQ(results.elapsed, 2s);
}

TEST_F(LoadTest, AcceptsAnswersReceivedBeforeTheDeadline) {
  settings_.count = 1;
  settings_.half_close = true;
  settings_.deadline = 2s;
  start();
  {
    const TestPeer peer = accept();
    peer.send(receive_all(peer));
  }
  now_ += 2s;
  EXPECT_FALSE(load_->turn());
  EXPECT_TRUE(load_->finish(false).is_exact());
}

// The exchange of EOF is not measured.
TEST_F(LoadTest, EndsWithTheLastAnswer) {
  for (const Duration duration : {0s, 1s, 10s}) {
    settings_.count = 1;
    settings_.duration = duration;
    start();
    {
      const TestPeer peer = accept();
      const std::string text = receive(peer, 10);
      now_ += 10ms;
      send(peer, text);
      now_ += 2s;
      expect_eof(peer);
    }
    EXPECT_EQ(finish().elapsed, 10ms);
  }
}

TEST_F(LoadTest, EndsWithTheLastLoss) {
  settings_.count = 1;
  settings_.timeout = 3s;
  start(1s);
  const TestPeer peer = accept();
  receive(peer, 10);
  now_ += 3s;
  const LoadResults& results = finish();
  EXPECT_EQ(results.elapsed, 3s);
  ASSERT_FALSE(observer_.samples.empty());
  EXPECT_EQ(observer_.samples.back().end, 3s);
}

TEST_F(LoadTest, ReportsContiguousSamplesWhileClosing) {
  settings_.count = 1;
  start(1s);
  {
    const TestPeer peer = accept();
    echo(peer);
    now_ += 2500ms;
    expect_eof(peer);
  }
  finish();
  Duration end{0};
  for (const Sample& sample : observer_.samples) {
    EXPECT_EQ(sample.begin, end);
    EXPECT_GE(sample.end, sample.begin);
    end = sample.end;
  }
}

TEST_F(LoadTest, ReportsThePeakConnectionsOfASample) {
  settings_.duration = 500ms;
  start(1s);
  {
    const TestPeer peer = accept();
    const std::string text = receive(peer, 10);
    now_ += 500ms;
    send(peer, text);
  }
  finish();
  ASSERT_EQ(observer_.samples.size(), 1U);
  EXPECT_EQ(observer_.samples[0].open, 1U);
}

// Otherwise the percentiles of a hung server would look good.
TEST_F(LoadTest, CountsScheduledMessagesWhenInterrupted) {
  settings_.rate = {.count = 10};
  start();
  const TestPeer peer = accept();
  const std::string first = receive(peer, 10);
  now_ += 50ms;
  send(peer, first);
  now_ += 50ms;
  receive(peer, 10);
  now_ += 2s;
  const LoadResults& results = load_->finish(true);
  EXPECT_EQ(results.sent, 22U);
  EXPECT_EQ(results.in_flight(), 21U);
  EXPECT_EQ(results.oldest_in_flight, 2s);
}

// The timeout counts from connect(), even if the message was scheduled long before.
TEST_F(LoadTest, GivesALateChurnConnectionItsFullTimeout) {
  settings_.churn = true;
  settings_.rate = {.count = 10};
  settings_.duration = 300ms;
  settings_.timeout = 2s;
  start();
  {
    const TestPeer peer = accept();
    const std::string text = receive(peer, 10);
    now_ += 1900ms;
    send(peer, text);
    expect_eof(peer);
  }
  now_ += 1900ms;
  settle();
  EXPECT_EQ(observer_.failures, std::vector<std::string>{});
}

TEST_F(LoadTest, ReconnectsAfterAFailure) {
  settings_.rate = {.count = 10};
  settings_.duration = 1s;
  settings_.reconnect = true;
  start();
  {
    const TestPeer peer = accept();
    echo(peer);
  }
  while (observer_.failures.empty()) load_->turn();
  now_ += 100ms;
  const TestPeer peer = accept();
  echo(peer);
  EXPECT_EQ(observer_.failures.size(), 1U);
}

TEST_F(LoadTest, ReconnectsImmediatelyAfterAnAnswer) {
  settings_.count = 10;
  settings_.reconnect = true;
  start();
  for (int connection = 0; connection < 5; ++connection) echo(accept());
  EXPECT_EQ(observer_.failures.size(), 4U);
}

TEST_F(LoadTest, PausesAfterTwoFailedAttempts) {
  settings_.count = 10;
  settings_.reconnect = true;
  listener_.reset();
  start();
  while (observer_.failures.size() < 2) load_->turn();
  now_ += 99ms;
  settle();
  EXPECT_EQ(observer_.failures.size(), 2U);
  now_ += 1ms;
  while (observer_.failures.size() < 3) load_->turn();
}

// Each lost message has its own failed attempt.
TEST_F(LoadTest, RetriesAtTheNextScheduledMessage) {
  settings_.rate = {.count = 1, .period = 10s};
  settings_.reconnect = true;
  listener_.reset();
  start();
  while (observer_.losses.empty()) load_->turn();
  settle();
  const std::size_t failures = observer_.failures.size();
  now_ += 9s;
  settle();
  EXPECT_EQ(observer_.failures.size(), failures);
  now_ += 1s;
  while (observer_.losses.size() < 2) load_->turn();
  EXPECT_EQ(observer_.failures.size(), failures + 1);
}

TEST_F(LoadTest, LosesScheduledMessagesWithoutAServer) {
  settings_.rate = {.count = 100};
  settings_.count = 5;
  settings_.reconnect = true;
  listener_.reset();
  start();
  while (observer_.failures.empty()) load_->turn();
  settle();
  now_ += 100ms;
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 5U);
  EXPECT_EQ(results.lost, 5U);
  EXPECT_EQ(observer_.losses, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

TEST_F(LoadTest, OpensConnectionsOneByOneInARamp) {
  settings_.connections = 2;
  settings_.count = 1;
  settings_.ramp = 1s;
  start();
  const TestPeer first = accept();
  receive(first, 10);
  now_ += 499ms;
  settle();
  EXPECT_FALSE(is_readable(listener_.get()));
  now_ += 1ms;
  receive(accept(), 10);
}

TEST_F(LoadTest, DividesTheRunIntoSamples) {
  settings_.duration = 2500ms;
  start(1s);
  {
    const TestPeer peer = accept();
    for (int message = 0; message < 5; ++message) {
      const std::string text = receive(peer, 10);
      now_ += 500ms;
      send(peer, text);
    }
  }
  finish();
  ASSERT_EQ(observer_.samples.size(), 3U);
  Duration end{0};
  std::uint64_t received = 0;
  for (const Sample& sample : observer_.samples) {
    EXPECT_EQ(sample.begin, end);
    end = sample.end;
    received += sample.received;
    EXPECT_EQ(sample.latency.count(), sample.received);
    EXPECT_EQ(sample.bytes, 10 * sample.received);
  }
  EXPECT_EQ(end, 2500ms);
  EXPECT_EQ(received, 5U);
}

TEST_F(LoadTest, ReportsPartialResultsWhenInterrupted) {
  settings_.duration = 10s;
  settings_.pipeline = 3;
  start();
  const TestPeer peer = accept();
  const std::string text = receive(peer, 30);
  now_ += 1s;
  send(peer, text.substr(0, 10));
  receive(peer, 10);
  now_ += 1s;
  const LoadResults& results = load_->finish(true);
  EXPECT_TRUE(results.interrupted);
  EXPECT_EQ(results.elapsed, 2s);
  EXPECT_EQ(results.received, 1U);
  EXPECT_EQ(results.in_flight(), 3U);
  EXPECT_TRUE(results.is_exact());
}

TEST_F(LoadTest, CountsBytesOfVaryingMessageSizes) {
  settings_.count = 50;
  settings_.sizes = {.least = 1, .most = 3};
  start();
  std::uint64_t bytes = 0;
  {
    const TestPeer peer = accept();
    for (int message = 0; message < 50; ++message) {
      std::string text = receive(peer, 1);
      while (peer.has_input()) text += peer.receive(1);
      bytes += text.size();
      send(peer, text);
    }
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.bytes, bytes);
  EXPECT_GT(bytes, 60U);
  EXPECT_LT(bytes, 140U);
}

TEST_F(LoadTest, EndsImmediatelyIfEveryConnectFails) {
  listener_.reset();
  settings_.count = 1;
  settings_.connections = 3;
  start();
  const LoadResults& results = finish();
  EXPECT_EQ(results.failures.at(static_cast<std::size_t>(Failure::kConnect)), 3U);
  EXPECT_EQ(results.sent, 0U);
}

}  // namespace
}  // namespace echo::test
