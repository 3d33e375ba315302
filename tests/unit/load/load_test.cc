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
#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/false_server.h"
#include "support/socket_pair.h"
#include "support/test_peer.h"

namespace echo::test {
namespace {

using namespace std::chrono_literals;

// Keeps what it is told.
class RecordingObserver : public LoadObserver {
 public:
  void answered(const Answer& answer) override { answers.push_back(answer.latency); }
  void lost(std::uint64_t sequence, const std::string& /*reason*/) override {
    losses.push_back(sequence);
  }
  void failed(const std::string& text) override { failures.push_back(text); }
  void refused(const std::string& refusal, const Endpoint& /*instead*/) override {
    refusals.push_back(refusal);
  }
  void sampled(const Sample& sample) override { samples.push_back(sample); }

  std::vector<Duration> answers;
  std::vector<std::uint64_t> losses;
  std::vector<std::string> failures;
  std::vector<std::string> refusals;
  std::vector<Sample> samples;
};

// A load whose turns the test takes one by one, at a time that the test sets, on a server that the
// test plays.
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
    // At a time that does not pass a turn without an event ends after a millisecond.
    load_.emplace(settings_, ServerAddresses([this] { return addresses_; }), told_,
                  LoadRecorder::Intervals{.sample = sample, .progress = 1ms}, -1,
                  [this] { return now_; });
  }

  TestPeer accept() {
    while (!is_readable(listener_.get())) load_->turn();
    return TestPeer(accept_from(listener_.get()).fd);
  }

  // The next bytes that the load says to the peer.
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
    const std::size_t before = told_.answers.size() + told_.failures.size();
    while (told_.answers.size() + told_.failures.size() == before) load_->turn();
  }

  // The next message, back.
  void echo(const TestPeer& peer) { send(peer, receive(peer, 10)); }

  const LoadResults& finish() {
    // What lasts for a time goes on until it is over, though nothing happens any more.
    for (int turns = 0; load_->turn(); ++turns) {
      if (turns > 20 && settings_.duration > 0s) now_ += 10ms;
    }
    return load_->finish(false);
  }

  // Nothing more comes of turns at this time.
  void settle() {
    for (int turns = 0; turns < 5; ++turns) load_->turn();
  }

  UniqueFd listener_ = listen_on(resolve("127.0.0.1", 0).front(), 100, false);
  LoadSettings settings_;
  RecordingObserver told_;
  Time now_ = Time{} + 1h;
  ServerAddresses::List addresses_{local_endpoint(listener_.get())};
  std::optional<Load> load_;
};

TEST_F(LoadTest, SaysTheNextMessageWhenTheAnswerIsThere) {
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

TEST_F(LoadTest, EndsAfterItsMessagesWithEofOnBothSides) {
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

TEST_F(LoadTest, KeepsEofBackUntilTheLastAnswer) {
  settings_.count = 1;
  start();
  const TestPeer peer = accept();
  receive(peer, 10);
  settle();
  EXPECT_FALSE(peer.has_input());
}

TEST_F(LoadTest, SendsEofBehindTheLastMessageWhereItClosesItsHalf) {
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

TEST_F(LoadTest, HasSoManyMessagesInFlight) {
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

TEST_F(LoadTest, CountsLatencyFromTheSend) {
  settings_.count = 2;
  start();
  const TestPeer peer = accept();
  const std::string first = receive(peer, 10);
  now_ += 5ms;
  send(peer, first);
  const std::string second = receive(peer, 10);
  now_ += 7ms;
  send(peer, second);
  EXPECT_EQ(told_.answers, (std::vector<Duration>{5ms, 7ms}));
}

// Ten messages were due while the server slept for a second: each of them has waited.
TEST_F(LoadTest, CountsLatencyAtARateFromWhenAMessageWasDue) {
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
  EXPECT_EQ(told_.answers, (std::vector<Duration>{1000ms, 900ms, 800ms, 700ms, 600ms, 500ms, 400ms,
                                                  300ms, 200ms, 100ms}));
  EXPECT_EQ(results.lateness.max(), 900ms);
  EXPECT_EQ(results.elapsed, 1s);
}

TEST_F(LoadTest, SaysAtARateWhatIsDueAndNotBefore) {
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

TEST_F(LoadTest, GivesTheMessagesOfARateToTheConnectionsInTurn) {
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

TEST_F(LoadTest, BeginsNoMessageAfterItsTime) {
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

TEST_F(LoadTest, DoesNotMeasureWhatBeginsInTheWarmup) {
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

TEST_F(LoadTest, MakesAConnectionForEachMessageInAChurn) {
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

TEST_F(LoadTest, CountsLatencyInAChurnFromTheCallOfConnect) {
  settings_.count = 1;
  settings_.churn = true;
  start();
  load_->turn();
  now_ += 4ms;
  const TestPeer peer = accept();
  const std::string text = receive(peer, 10);
  now_ += 4ms;
  send(peer, text);
  EXPECT_EQ(told_.answers, std::vector<Duration>{8ms});
}

TEST_F(LoadTest, MakesAConnectionAtARateWhenAMessageIsDue) {
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

TEST_F(LoadTest, LetsIdleConnectionsBeSilentUntilTheEnd) {
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

TEST_F(LoadTest, FailsOfAnIdleConnectionThatTheServerCloses) {
  settings_.count = 1;
  settings_.churn = true;
  settings_.idle = 1;
  start();
  accept();  // The idle one is opened first.
  const TestPeer busy = accept();
  echo(busy);
  busy.shut_down_sending();
  const LoadResults& results = finish();
  EXPECT_EQ(results.failures.at(static_cast<std::size_t>(Failure::kClosedEarly)), 1U);
  EXPECT_EQ(results.received, 1U);
}

// One that failed does not count twice.
TEST_F(LoadTest, WaitsForItsIdleConnectionsThoughOneHasFailed) {
  settings_.count = 1;
  settings_.duration = 1s;
  settings_.idle = 2;
  start();
  {
    const TestPeer busy = accept();
    accept();
    const TestPeer idle = accept();
    while (told_.failures.empty()) load_->turn();
    echo(busy);
    expect_eof(busy);
    busy.shut_down_sending();
    expect_eof(idle);
    now_ += 1s;
    EXPECT_TRUE(load_->turn());
  }
  EXPECT_EQ(finish().open, 0U);
}

TEST_F(LoadTest, NamesConnectionOffsetAndBytesOfAMismatch) {
  settings_.count = 1;
  start();
  const TestPeer peer = accept();
  std::string text = receive(peer, 10);
  text[7] = static_cast<char>(text[7] ^ 1);
  send(peer, text);
  const LoadResults& results = finish();
  ASSERT_EQ(told_.failures.size(), 1U);
  EXPECT_NE(told_.failures[0].find("connection 1 (127.0.0.1:"), std::string::npos);
  EXPECT_NE(told_.failures[0].find("bytes differ at offset 7: sent 0x"), std::string::npos);
  EXPECT_EQ(results.failures.at(static_cast<std::size_t>(Failure::kMismatch)), 1U);
  EXPECT_EQ(results.lost, 1U);
  EXPECT_FALSE(results.is_exact());
}

TEST_F(LoadTest, KeepsOnlyTheFirstFailuresInItsResults) {
  settings_.connections = 12;
  settings_.count = 1;
  start();
  std::vector<TestPeer> peers;
  while (peers.size() < 12) peers.push_back(accept());
  settle();
  peers.clear();
  const LoadResults& results = finish();
  EXPECT_EQ(results.failed(), 12U);
  ASSERT_EQ(told_.failures.size(), 12U);
  told_.failures.resize(kMaxFailuresLogged);
  EXPECT_EQ(results.failure_texts, told_.failures);
}

TEST_F(LoadTest, GoesOnWithTheOthersWhereAConnectionFails) {
  settings_.connections = 2;
  settings_.count = 1;
  start();
  TestPeer doomed = accept();
  {
    const TestPeer peer = accept();
    receive(doomed, 10);
    doomed.reset();
    const std::string text = receive(peer, 10);
    while (told_.failures.empty()) load_->turn();
    send(peer, text);
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.received, 1U);
  EXPECT_EQ(results.lost, 1U);
  EXPECT_EQ(results.failures.at(static_cast<std::size_t>(Failure::kReset)), 1U);
}

TEST_F(LoadTest, LosesWhatWasDueAndCouldNotBeSaid) {
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
  EXPECT_EQ(told_.losses, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

// The first has a message due at 0, 200, 400 ms and so on, and dies at once.
TEST_F(LoadTest, LosesAtARateWhatIsDueToAConnectionThatHasFailed) {
  settings_.connections = 2;
  settings_.rate = {.count = 10};
  settings_.duration = 1s;
  start();
  TestPeer dead = accept();
  {
    const TestPeer peer = accept();
    receive(dead, 10);
    dead.reset();
    while (told_.failures.empty()) load_->turn();
    for (int message = 0; message < 5; ++message) {
      now_ += message == 0 ? 100ms : 200ms;
      echo(peer);
    }
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 10U);
  EXPECT_EQ(results.received, 5U);
  EXPECT_EQ(told_.losses, (std::vector<std::uint64_t>{1, 3, 5, 7, 9}));
}

TEST_F(LoadTest, TriesEachMessageOfAChurnThoughThereIsNoServer) {
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

TEST_F(LoadTest, LosesInAChurnOnlyTheMessageOfAConnectionThatFails) {
  settings_.churn = true;
  settings_.count = 3;
  start();
  accept().reset();
  while (told_.failures.empty()) load_->turn();
  for (int message = 0; message < 2; ++message) {
    const TestPeer peer = accept();
    echo(peer);
    expect_eof(peer);
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 3U);
  EXPECT_EQ(results.received, 2U);
  EXPECT_EQ(told_.losses, std::vector<std::uint64_t>{1});
}

// A server that hangs must not make the run as long as all the timeouts together.
// As where the server hangs: each connection for itself would take far longer than the load.
TEST_F(LoadTest, LosesInAChurnWhatHasWaitedTooLongOnceThreeInARowHadNoAnswer) {
  settings_.churn = true;
  settings_.rate = {.count = 10};
  settings_.duration = 1s;
  settings_.timeout = 5s;
  start();
  for (std::size_t connection = 1; connection <= 3; ++connection) {
    const TestPeer peer = accept();
    receive(peer, 10);
    now_ += 6s;
    while (told_.failures.size() < connection) load_->turn();
    EXPECT_EQ(told_.losses.size(), connection < 3 ? connection : 10U);
  }
  EXPECT_EQ(finish().failed(), 3U);
}

// As where some of many are: nobody may take the rest of the time for one without load.
TEST_F(LoadTest, LosesAtARateWhatFallsDueWhenEveryConnectionIsDead) {
  settings_.connections = 2;
  settings_.rate = {.count = 10};
  settings_.duration = 1s;
  start();
  accept().reset();
  accept().reset();
  while (told_.failures.size() < 2) load_->turn();
  for (int step = 0; step < 9; ++step) {
    ASSERT_TRUE(load_->turn());
    now_ += 100ms;
  }
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 10U);
  EXPECT_EQ(results.lost, 10U);
  EXPECT_EQ(results.elapsed, 1s);
}

// It is dead before there is a time of which it has no part.
TEST_F(LoadTest, EndsThoughNoMessageIsDueToADeadConnection) {
  settings_.connections = 2;
  settings_.rate = {.count = 1};
  settings_.duration = 100ms;
  listener_.reset();
  start();
  EXPECT_EQ(finish().lost, 1U);
}

TEST_F(LoadTest, CountsWhatAConnectionThatFailedDidNotSay) {
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

TEST_F(LoadTest, TakesAResetAfterTheWholeEchoForAGoodEnd) {
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

TEST_F(LoadTest, IsNotExactWhereItIsInterruptedBeforeItsConnectionsAreOpen) {
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

TEST_F(LoadTest, LooksTheNameUpAgainAfterAFailure) {
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

TEST_F(LoadTest, TellsOfADeadAddressOnceAndBeginsWithTheOneThatWorks) {
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
  EXPECT_EQ(told_.refusals, results.refusals);
}

TEST_F(LoadTest, EndsAtItsDeadlineAndIsNotExact) {
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

TEST_F(LoadTest, TakesWhatCameBeforeItsDeadline) {
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

// The wait for EOF of both sides is not measured.
TEST_F(LoadTest, EndsWithTheLastAnswerHoweverLongTheFarewellTakes) {
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

TEST_F(LoadTest, EndsWithTheLastLossWhereNothingComesBack) {
  settings_.count = 1;
  settings_.timeout = 3s;
  start(1s);
  const TestPeer peer = accept();
  receive(peer, 10);
  now_ += 3s;
  const LoadResults& results = finish();
  EXPECT_EQ(results.elapsed, 3s);
  ASSERT_FALSE(told_.samples.empty());
  EXPECT_EQ(told_.samples.back().end, 3s);
}

TEST_F(LoadTest, HasNoSampleThatGoesBack) {
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
  for (const Sample& sample : told_.samples) {
    EXPECT_EQ(sample.begin, end);
    EXPECT_GE(sample.end, sample.begin);
    end = sample.end;
  }
}

TEST_F(LoadTest, HasTheMostConnectionsOfASample) {
  settings_.duration = 500ms;
  start(1s);
  {
    const TestPeer peer = accept();
    const std::string text = receive(peer, 10);
    now_ += 500ms;
    send(peer, text);
  }
  finish();
  ASSERT_EQ(told_.samples.size(), 1U);
  EXPECT_EQ(told_.samples[0].open, 1U);
}

// Nobody may think of the percentiles of a hung server that all is well.
TEST_F(LoadTest, CountsWhatWasDueAndCouldNotBeSaidWhereItIsInterrupted) {
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

// A wait counts from the call of connect(), however long ago the message was due.
TEST_F(LoadTest, GivesALateConnectionOfAChurnItsWholeTimeout) {
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
  EXPECT_EQ(told_.failures, std::vector<std::string>{});
}

TEST_F(LoadTest, MakesAConnectionAgainAndLosesWhatWasDueMeanwhile) {
  settings_.rate = {.count = 10};
  settings_.duration = 1s;
  settings_.reconnect = true;
  start();
  {
    const TestPeer peer = accept();
    echo(peer);
  }
  while (told_.failures.empty()) load_->turn();
  now_ += 100ms;
  const TestPeer peer = accept();
  echo(peer);
  EXPECT_EQ(told_.failures.size(), 1U);
}

TEST_F(LoadTest, DoesNotPauseAfterAConnectionThatBroughtAnAnswer) {
  settings_.count = 10;
  settings_.reconnect = true;
  start();
  for (int connection = 0; connection < 5; ++connection) echo(accept());
  EXPECT_EQ(told_.failures.size(), 4U);
}

TEST_F(LoadTest, PausesOnceTwoConnectionsWereInVain) {
  settings_.count = 10;
  settings_.reconnect = true;
  listener_.reset();
  start();
  while (told_.failures.size() < 2) load_->turn();
  now_ += 99ms;
  settle();
  EXPECT_EQ(told_.failures.size(), 2U);
  now_ += 1ms;
  while (told_.failures.size() < 3) load_->turn();
}

// Each message has a reason of its own.
TEST_F(LoadTest, TriesAgainWhenAMessageFallsDue) {
  settings_.rate = {.count = 1, .period = 10s};
  settings_.reconnect = true;
  listener_.reset();
  start();
  while (told_.losses.empty()) load_->turn();
  settle();
  const std::size_t failures = told_.failures.size();
  now_ += 9s;
  settle();
  EXPECT_EQ(told_.failures.size(), failures);
  now_ += 1s;
  while (told_.losses.size() < 2) load_->turn();
  EXPECT_EQ(told_.failures.size(), failures + 1);
}

TEST_F(LoadTest, LosesAtARateWhatIsDueWhileThereIsNoServer) {
  settings_.rate = {.count = 100};
  settings_.count = 5;
  settings_.reconnect = true;
  listener_.reset();
  start();
  while (told_.failures.empty()) load_->turn();
  settle();
  now_ += 100ms;
  const LoadResults& results = finish();
  EXPECT_EQ(results.sent, 5U);
  EXPECT_EQ(results.lost, 5U);
  EXPECT_EQ(told_.losses, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
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

TEST_F(LoadTest, TellsOfIntervalsThatFollowEachOther) {
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
  ASSERT_EQ(told_.samples.size(), 3U);
  Duration end{0};
  std::uint64_t received = 0;
  for (const Sample& sample : told_.samples) {
    EXPECT_EQ(sample.begin, end);
    end = sample.end;
    received += sample.received;
    EXPECT_EQ(sample.latency.count(), sample.received);
    EXPECT_EQ(sample.bytes, 10 * sample.received);
  }
  EXPECT_EQ(end, 2500ms);
  EXPECT_EQ(received, 5U);
}

TEST_F(LoadTest, HasTheResultsSoFarWhereItIsInterrupted) {
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

TEST_F(LoadTest, SaysMessagesOfManySizesAndCountsTheirBytes) {
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

TEST_F(LoadTest, EndsAtOnceWhereNobodyLetsItIn) {
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
