#include "echo/load/load_recorder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/load/load_observer.h"
#include "echo/load/load_results.h"
#include "echo/os/endpoint.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

class SampleObserver : public LoadObserver {
 public:
  void sampled(const Sample& sample) override { samples.push_back(sample); }
  void progressed(const LoadResults& results) override { elapsed.push_back(results.elapsed); }

  std::vector<Sample> samples;
  std::vector<Duration> elapsed;
};

// A recorder whose load starts at 0 s.
class LoadRecorderTest : public testing::Test {
 protected:
  static Time at(Duration since) { return Time{} + 1h + since; }

  void start(LoadRecorder::Intervals intervals = {}, Rate rate = {}) {
    recorder_.emplace(observer_, intervals, rate, at(-1s));
  }

  void begin(Duration from = 0s, std::optional<Duration> end = std::nullopt) {
    recorder_->begin(at(from), end ? at(*end) : Time::max());
  }

  // Records a message of ten bytes and its answer.
  void answer(Duration start, Duration now) {
    recorder_->record_start(0, at(start));
    recorder_->record_answer(0, at(start), at(now), 1, 10, Endpoint{});
  }

  SampleObserver observer_;
  std::optional<LoadRecorder> recorder_;
};

TEST_F(LoadRecorderTest, CountsMessagesByOutcome) {
  start();
  begin();
  answer(1s, 3s);
  EXPECT_TRUE(recorder_->record_start(0, at(4s)));
  recorder_->record_loss(0, at(4s), at(5s), 2, "reason");
  EXPECT_TRUE(recorder_->record_start(0, at(5s)));
  const LoadResults& results = recorder_->finish(at(9s), false, false);
  EXPECT_EQ(results.sent, 3U);
  EXPECT_EQ(results.received, 1U);
  EXPECT_EQ(results.bytes, 10U);
  EXPECT_EQ(results.lost, 1U);
  EXPECT_EQ(results.in_flight(), 1U);
  EXPECT_EQ(results.latency.max(), 2s);
}

TEST_F(LoadRecorderTest, IgnoresMessagesOfTheWarmup) {
  start();
  EXPECT_FALSE(recorder_->record_start(0, at(0s)));
  begin(10s);
  EXPECT_FALSE(recorder_->record_start(0, at(9s)));
  recorder_->record_send(at(9s), at(9s));
  recorder_->record_answer(0, at(9s), at(11s), 1, 10, Endpoint{});
  recorder_->record_loss(0, at(9s), at(11s), 2, "reason");
  recorder_->record_waiting(at(9s));
  const LoadResults& results = recorder_->finish(at(12s), true, false);
  EXPECT_EQ(results.sent + results.received + results.lost, 0U);
  EXPECT_EQ(results.latency.count(), 0U);
  EXPECT_EQ(results.lateness.count(), 0U);
  EXPECT_EQ(results.oldest_in_flight, 0s);
  EXPECT_EQ(results.elapsed, 2s);
}

TEST_F(LoadRecorderTest, EndsWithTheLastMessage) {
  start();
  begin();
  answer(1s, 3s);
  EXPECT_EQ(recorder_->finish(at(9s), false, false).elapsed, 3s);
}

TEST_F(LoadRecorderTest, EndsWhenTheTimeIsUp) {
  start();
  begin(0s, 5s);
  answer(1s, 3s);
  EXPECT_EQ(recorder_->finish(at(9s), false, true).elapsed, 5s);
}

TEST_F(LoadRecorderTest, EndsWithALateAnswer) {
  start();
  begin(0s, 5s);
  answer(4s, 6s);
  EXPECT_EQ(recorder_->finish(at(9s), false, true).elapsed, 6s);
}

TEST_F(LoadRecorderTest, EndsAtAnInterruption) {
  start();
  begin(0s, 50s);
  answer(1s, 3s);
  recorder_->record_waiting(at(4s));
  recorder_->record_waiting(at(2s));
  const LoadResults& results = recorder_->finish(at(9s), true, false);
  EXPECT_EQ(results.elapsed, 9s);
  EXPECT_TRUE(results.interrupted);
  EXPECT_EQ(results.oldest_in_flight, 7s);
}

TEST_F(LoadRecorderTest, HasNoElapsedTimeBeforeBegin) {
  start({.sample = 1s, .progress = 1s});
  recorder_->report(at(5s));
  EXPECT_EQ(observer_.elapsed, std::vector<Duration>{0s});
  EXPECT_EQ(recorder_->finish(at(9s), true, false).elapsed, 0s);
  EXPECT_TRUE(observer_.samples.empty());
}

TEST_F(LoadRecorderTest, KeepsTheTimeOfDayAtTheEndOfTheWarmup) {
  start();
  begin(10s);
  recorder_->report(at(9s));
  EXPECT_EQ(recorder_->results(at(9s)).begin, std::nullopt);
  const WallTime before = wall_time();
  recorder_->report(at(12s));
  const WallTime after = wall_time();
  const LoadResults& results = recorder_->finish(at(13s), false, false);
  ASSERT_TRUE(results.begin);
  EXPECT_GE(*results.begin, before - 2s);
  EXPECT_LE(*results.begin, after - 2s);
}

TEST_F(LoadRecorderTest, CountsConnectionsAndTheirPeak) {
  start();
  recorder_->record_connection(0, 1ms);
  recorder_->record_connection(0, 3ms);
  recorder_->record_close();
  recorder_->record_connection(0, 2ms);
  recorder_->record_close();
  const LoadResults& results = recorder_->finish(at(0s), false, false);
  EXPECT_EQ(results.opened, 3U);
  EXPECT_EQ(results.most_open, 2U);
  EXPECT_EQ(results.open, 1U);
  EXPECT_EQ(results.connect.max(), 3ms);
}

TEST_F(LoadRecorderTest, KeepsOnlyTheFirstFailureTexts) {
  start();
  for (std::size_t failure = 0; failure < kMaxFailuresLogged + 5; ++failure) {
    recorder_->record_failure(0, Failure::kReset, std::to_string(failure));
  }
  const LoadResults& results = recorder_->finish(at(0s), false, false);
  EXPECT_EQ(results.failed(), kMaxFailuresLogged + 5);
  ASSERT_EQ(results.failure_texts.size(), kMaxFailuresLogged);
  EXPECT_EQ(results.failure_texts.back(), std::to_string(kMaxFailuresLogged - 1));
}

TEST_F(LoadRecorderTest, ReturnsTheTimeOfTheNextReport) {
  start();
  EXPECT_EQ(recorder_->next_time(), Time::max());
  start({.sample = 2s, .progress = 3s});
  EXPECT_EQ(recorder_->next_time(), at(-1s));
  recorder_->report(at(0s));
  begin(1s);
  EXPECT_EQ(recorder_->next_time(), at(3s));
}

TEST_F(LoadRecorderTest, MergesMissedIntervalsIntoOneSample) {
  start({.sample = 1s});
  begin();
  recorder_->report(at(1s));
  recorder_->report(at(4500ms));
  ASSERT_EQ(observer_.samples.size(), 2U);
  EXPECT_EQ(observer_.samples[1].begin, 1s);
  EXPECT_EQ(observer_.samples[1].end, 4s);
  EXPECT_EQ(recorder_->next_time(), at(5s));
}

TEST_F(LoadRecorderTest, AddsLateAnswersToTheLastSample) {
  start({.sample = 1s});
  begin(0s, 2s);
  recorder_->report(at(1s));
  recorder_->report(at(2s));
  answer(1900ms, 2100ms);
  recorder_->finish(at(2200ms), false, true);
  ASSERT_EQ(observer_.samples.size(), 2U);
  EXPECT_EQ(observer_.samples[1].begin, 1s);
  EXPECT_EQ(observer_.samples[1].end, 2100ms);
  EXPECT_EQ(observer_.samples[1].received, 1U);
}

TEST_F(LoadRecorderTest, SeparatesLostMessagesFromFailedConnections) {
  start({.sample = 1s});
  begin();
  for (int message = 0; message < 3; ++message) recorder_->record_start(0, at(0s));
  recorder_->record_loss(0, at(0s), at(500ms), 1, "reason");
  recorder_->record_loss(0, at(0s), at(500ms), 2, "reason");
  recorder_->record_failure(0, Failure::kReset, "text");
  recorder_->report(at(1s));
  answer(1s, 1500ms);
  recorder_->report(at(2s));
  ASSERT_EQ(observer_.samples.size(), 2U);
  EXPECT_EQ(observer_.samples[0].due, 3U);
  EXPECT_EQ(observer_.samples[0].lost, 2U);
  EXPECT_EQ(observer_.samples[0].failed, 1U);
  EXPECT_EQ(observer_.samples[0].ended, at(1s));
  EXPECT_EQ(observer_.samples[1].due, 1U);
  EXPECT_EQ(observer_.samples[1].lost + observer_.samples[1].failed, 0U);
  EXPECT_EQ(observer_.samples[1].ended, at(2s));
}

TEST_F(LoadRecorderTest, CountsSkippedMessagesOfTheMeasuredTime) {
  start({.sample = 1s});
  begin(1s);
  recorder_->record_skip(at(999ms));
  recorder_->record_skip(at(1s));
  EXPECT_EQ(recorder_->finish(at(2s), true, false).skipped, 1U);
  ASSERT_EQ(observer_.samples.size(), 1U);
  EXPECT_EQ(observer_.samples[0].skipped, 1U);
}

// A sample has all its readings. The results have the last reading of a connection.
TEST_F(LoadRecorderTest, KeepsReadingsOfPaths) {
  start({.sample = 1s});
  begin();
  recorder_->report(at(0s));
  recorder_->record_path({.retransmits = 2, .round_trip = 10us, .congestion_window = 5}, 2, false);
  recorder_->report(at(1s));
  recorder_->record_path({.retransmits = 5, .round_trip = 30us, .congestion_window = 7}, 3, true);
  const LoadResults& results = recorder_->finish(at(2s), true, false);
  EXPECT_EQ(results.path.retransmits, 5U);
  EXPECT_EQ(results.path.readings, 1U);
  EXPECT_EQ(results.path.mean_round_trip(), 30us);
  EXPECT_EQ(results.path.mean_window(), 7U);
  ASSERT_EQ(observer_.samples.size(), 2U);
  EXPECT_EQ(observer_.samples[0].path.retransmits, 2U);
  EXPECT_EQ(observer_.samples[0].path.mean_round_trip(), 10us);
  EXPECT_EQ(observer_.samples[1].path.retransmits, 3U);
  EXPECT_EQ(observer_.samples[1].path.readings, 1U);
}

TEST_F(LoadRecorderTest, IgnoresReadingsOfTheWarmup) {
  start({.sample = 1s});
  recorder_->record_path({.retransmits = 1}, 1, true);  // The connection was never open.
  begin(1s);
  recorder_->record_path({.retransmits = 2, .round_trip = 10us, .congestion_window = 5}, 2, true);
  EXPECT_FALSE(recorder_->is_warmup_over(at(999ms)));
  EXPECT_TRUE(recorder_->is_warmup_over(at(1s)));
  recorder_->report(at(1s));
  EXPECT_FALSE(recorder_->is_warmup_over(at(1s)));
  recorder_->record_path({.retransmits = 7, .round_trip = 10us, .congestion_window = 5}, 4, true);
  const LoadResults& results = recorder_->finish(at(2s), true, false);
  EXPECT_EQ(results.path.retransmits, 5U);
  EXPECT_EQ(results.path.readings, 1U);
}

TEST_F(LoadRecorderTest, ReportsASampleOfSkippedMessagesOnly) {
  start({.sample = 1s});
  begin();
  recorder_->report(at(1s));
  recorder_->record_skip(at(1s));
  recorder_->finish(at(1s), true, false);
  ASSERT_EQ(observer_.samples.size(), 2U);
  EXPECT_EQ(observer_.samples[1].skipped, 1U);
}

TEST_F(LoadRecorderTest, CountsMessagesSentLate) {
  EXPECT_EQ(LoadRecorder::late_after({.count = 100}), 10ms);
  EXPECT_EQ(LoadRecorder::late_after({.count = 100'000}), 1ms);
  start({.sample = 1s}, {.count = 100});
  begin();
  recorder_->record_send(at(0s), at(10ms));
  recorder_->record_send(at(0s), at(10ms + 1ns));
  recorder_->report(at(1s));
  recorder_->record_send(at(1s), at(1s));
  recorder_->report(at(2s));
  EXPECT_EQ(recorder_->finish(at(2s), false, false).sent_late, 1U);
  ASSERT_EQ(observer_.samples.size(), 2U);
  EXPECT_EQ(observer_.samples[0].sent_late, 1U);
  EXPECT_EQ(observer_.samples[1].sent_late, 0U);
}

}  // namespace
}  // namespace echo
