#include "echo/load/load_results.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/os/platform.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

using Texts = std::vector<std::string>;

constexpr WallTime kNoon{1'795'521'600s};

// A run that measured from `begin` for `elapsed`.
LoadResults run_in(std::optional<WallTime> begin, Duration elapsed) {
  LoadResults results;
  results.earlier.emplace();
  results.begin = begin;
  results.elapsed = elapsed;
  return results;
}

LoadResults merge_of(const std::vector<LoadResults>& runs) {
  LoadResults merged = runs.front();
  for (std::size_t index = 1; index < runs.size(); ++index) merged.merge(runs[index]);
  return merged;
}

TEST(PathResults, KeepMeansAndExtremes) {
  PathResults path;
  EXPECT_FALSE(path.is_known());
  path.add({.retransmits = 9, .round_trip = 10us, .congestion_window = 8}, 2);
  path.add({.retransmits = 9, .round_trip = 30us, .congestion_window = 4}, 1);
  EXPECT_TRUE(path.is_known());
  EXPECT_EQ(path.retransmits, 3U);
  EXPECT_EQ(path.readings, 2U);
  EXPECT_EQ(path.mean_round_trip(), 20us);
  EXPECT_EQ(path.round_trip_max, 30us);
  EXPECT_EQ(path.mean_window(), 6U);
  EXPECT_EQ(path.window_min, 4U);
}

// A connection that was never open.
TEST(PathResults, CountOnlyRetransmitsWithoutARoundTrip) {
  PathResults path;
  path.add({.retransmits = 3, .round_trip = 0s, .congestion_window = 1}, 3);
  EXPECT_TRUE(path.is_known());
  EXPECT_EQ(path.retransmits, 3U);
  EXPECT_EQ(path.readings, 0U);
}

TEST(MergedResults, AddUpByAddress) {
  const auto part = [](const char* host) {
    AddressResults result{
        .address = host, .opened = 1, .failed = 2, .sent = 3, .received = 4, .lost = 5};
    result.latency.record(6us);
    return result;
  };
  LoadResults one = run_in(kNoon, 1s);
  one.addresses = {part("127.0.0.1"), part("127.0.0.2")};
  LoadResults other = run_in(kNoon, 1s);
  other.addresses = {part("127.0.0.2"), part("127.0.0.3")};
  const LoadResults merged = merge_of({one, other});
  ASSERT_EQ(merged.addresses.size(), 3U);
  for (std::size_t index = 0; index < 3; ++index) {
    const AddressResults& sum = merged.addresses[index];
    const std::uint64_t times = index == 1 ? 2 : 1;
    EXPECT_EQ(sum.opened, times);
    EXPECT_EQ(sum.failed, 2 * times);
    EXPECT_EQ(sum.sent, 3 * times);
    EXPECT_EQ(sum.received, 4 * times);
    EXPECT_EQ(sum.lost, 5 * times);
    EXPECT_EQ(sum.latency.count(), times);
  }
}

TEST(MergedResults, AddUp) {
  LoadResults one = run_in(kNoon, 1s);
  one.opened = one.most_open = one.open = 1;
  one.not_open = 2;
  one.sent = 30;
  one.received = 20;
  one.lost = 4;
  one.bytes = 500;
  one.unsent = 6;
  one.skipped = 3;
  one.path.add({.retransmits = 1, .round_trip = 10us, .congestion_window = 4}, 1);
  one.sent_late = 7;
  one.resets_after_echo = 8;
  one.failures.at(static_cast<std::size_t>(Failure::kReset)) = 9;
  one.cpu = 1s;
  const LoadResults merged = merge_of({one, one});
  EXPECT_EQ(merged.earlier->count, 2U);
  EXPECT_EQ(merged.opened, 2U);
  EXPECT_EQ(merged.most_open, 2U);
  EXPECT_EQ(merged.open, 2U);
  EXPECT_EQ(merged.not_open, 4U);
  EXPECT_EQ(merged.sent, 60U);
  EXPECT_EQ(merged.received, 40U);
  EXPECT_EQ(merged.lost, 8U);
  EXPECT_EQ(merged.bytes, 1000U);
  EXPECT_EQ(merged.unsent, 12U);
  EXPECT_EQ(merged.skipped, 6U);
  EXPECT_EQ(merged.path.retransmits, 2U);
  EXPECT_EQ(merged.path.readings, 2U);
  EXPECT_EQ(merged.sent_late, 14U);
  EXPECT_EQ(merged.resets_after_echo, 16U);
  EXPECT_EQ(merged.failures.at(static_cast<std::size_t>(Failure::kReset)), 18U);
  EXPECT_EQ(merged.cpu, 2s);
}

TEST(MergedResults, HaveTheValuesOfAllHistograms) {
  LoadResults one = run_in(kNoon, 1s);
  one.connect.record(1us);
  one.latency.record(2us);
  one.lateness.record(3us);
  LoadResults other = run_in(kNoon, 1s);
  other.connect.record(4us);
  other.latency.record(5us);
  other.lateness.record(6us);
  const LoadResults merged = merge_of({one, other});
  EXPECT_EQ(merged.connect.max(), 4us);
  EXPECT_EQ(merged.latency.max(), 5us);
  EXPECT_EQ(merged.lateness.max(), 6us);
  EXPECT_EQ(merged.connect.count() + merged.latency.count() + merged.lateness.count(), 6U);
}

TEST(MergedResults, LastFromTheFirstBeginToTheLastEnd) {
  const LoadResults early = run_in(kNoon, 10s);
  const LoadResults late = run_in(kNoon + 2s, 9s);
  for (const LoadResults& merged : {merge_of({early, late}), merge_of({late, early})}) {
    EXPECT_EQ(merged.begin, kNoon);
    EXPECT_EQ(merged.elapsed, 11s);
  }
  EXPECT_EQ(merge_of({early, run_in(kNoon + 1s, 1s)}).elapsed, 10s);
}

TEST(MergedResults, LastAsLongAsTheLongestRunIfABeginIsUnknown) {
  const LoadResults merged =
      merge_of({run_in(kNoon, 3s), run_in(std::nullopt, 5s), run_in(kNoon + 9s, 4s)});
  EXPECT_EQ(merged.begin, std::nullopt);
  EXPECT_EQ(merged.elapsed, 5s);
}

TEST(MergedResults, IgnoreTheTimeOfARunThatDidNotMeasure) {
  const LoadResults measured = run_in(kNoon, 3s);
  const LoadResults failed = run_in(std::nullopt, 0s);
  for (const LoadResults& merged : {merge_of({measured, failed}), merge_of({failed, measured})}) {
    EXPECT_EQ(merged.begin, kNoon);
    EXPECT_EQ(merged.elapsed, 3s);
  }
}

TEST(MergedResults, HaveTheLongestTimes) {
  LoadResults one = run_in(kNoon, 1s);
  one.ran = 2s;
  one.oldest_in_flight = 3s;
  LoadResults other = run_in(kNoon, 1s);
  other.ran = 4s;
  other.oldest_in_flight = 1s;
  const LoadResults merged = merge_of({one, other});
  EXPECT_EQ(merged.ran, 4s);
  EXPECT_EQ(merged.oldest_in_flight, 3s);
}

TEST(MergedResults, KnowTheWaitForAProcessorIfAllRunsDo) {
  LoadResults known = run_in(kNoon, 1s);
  known.ran = 1s;
  known.waited = ProcessorWait{.time = 10ms, .turns = 5};
  LoadResults unknown = known;
  unknown.waited.reset();
  const LoadResults idle = run_in(std::nullopt, 0s);
  for (const LoadResults& merged :
       {merge_of({known, idle, known}), merge_of({idle, known, known})}) {
    ASSERT_TRUE(merged.waited);
    EXPECT_EQ(merged.waited->time, 20ms);
    EXPECT_EQ(merged.waited->turns, 10U);
  }
  EXPECT_FALSE(merge_of({known, unknown}).waited);
  EXPECT_FALSE(merge_of({unknown, known}).waited);
}

TEST(MergedResults, KeepTheFirstFailuresAndDifferentRefusals) {
  LoadResults one = run_in(kNoon, 1s);
  one.failure_texts = Texts(6, "x");
  for (std::size_t index = 0; index < 6; ++index) one.failure_texts[index] += std::to_string(index);
  one.refusals = {"::1"};
  LoadResults other = one;
  for (std::string& text : other.failure_texts) text.front() = 'y';
  other.refusals = {"::1", "::2"};
  const LoadResults merged = merge_of({one, other});
  EXPECT_EQ(merged.failure_texts,
            (Texts{"x0", "x1", "x2", "x3", "x4", "x5", "y0", "y1", "y2", "y3"}));
  EXPECT_EQ(merged.refusals, (Texts{"::1", "::2"}));
}

TEST(MergedResults, KeepAllWarnings) {
  LoadResults one = run_in(kNoon, 1s);
  one.earlier->warnings = {"a"};
  LoadResults other = run_in(kNoon, 1s);
  other.earlier->warnings = {"b", "c"};
  EXPECT_EQ(merge_of({one, other}).earlier->warnings, (Texts{"a", "b", "c"}));
}

TEST(MergedResults, AreExactIfAllRunsAre) {
  LoadResults exact = run_in(kNoon, 1s);
  exact.sent = exact.received = 1;
  EXPECT_TRUE(merge_of({exact, exact}).is_exact());
  LoadResults unanswered = run_in(kNoon, 1s);
  unanswered.sent = 1;
  unanswered.earlier->unanswered = 1;
  EXPECT_FALSE(merge_of({exact, unanswered}).is_exact());
  LoadResults late = exact;
  late.is_past_deadline = true;
  EXPECT_FALSE(merge_of({late, exact}).is_exact());
  LoadResults interrupted = exact;
  interrupted.interrupted = true;
  EXPECT_TRUE(merge_of({interrupted, exact}).interrupted);
  EXPECT_TRUE(merge_of({interrupted, exact}).is_exact());
}

}  // namespace
}  // namespace echo
