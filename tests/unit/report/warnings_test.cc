#include "echo/report/warnings.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/load/load_results.h"
#include "echo/os/platform.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

using Warnings = std::vector<std::string>;

LoadResults results_of_ten_seconds() {
  LoadResults results;
  results.ran = 10s;
  return results;
}

Warnings warnings_for(ProcessorWait waited, Duration ran = 10s) {
  LoadResults results;
  results.ran = ran;
  results.waited = waited;
  return warnings_of(results);
}

LoadResults results_with(int messages, std::uint64_t late) {
  LoadResults results = results_of_ten_seconds();
  for (; messages > 0; --messages) results.lateness.record(1us);
  results.sent_late = late;
  return results;
}

TEST(Warnings, ReportsNothingForAnUndisturbedClient) {
  EXPECT_EQ(warnings_of({}), Warnings{});
  EXPECT_EQ(warnings_of(results_of_ten_seconds()), Warnings{});
}

TEST(Warnings, ReportsNothingWithoutMeasurements) {
  LoadResults results = results_of_ten_seconds();
  results.cpu = 10s;
  EXPECT_EQ(warnings_of(results), Warnings{});
}

TEST(Warnings, ReportsAClientThatIgnoredItsSockets) {
  LoadResults results = results_of_ten_seconds();
  results.away = 2s;
  EXPECT_EQ(warnings_of(results), Warnings{"this client did not check its sockets for 2.00 s"});
}

TEST(Warnings, ReportsAClientThatSaturatesAProcessor) {
  LoadResults results = results_of_ten_seconds();
  results.latency.record(1us);
  results.cpu = 8'999ms;
  EXPECT_EQ(warnings_of(results), Warnings{});
  results.cpu = 9s;
  EXPECT_EQ(warnings_of(results), Warnings{"this client, not the server, may be the bottleneck"});
}

TEST(Warnings, ReportsAClientThatWaitedForAProcessor) {
  EXPECT_EQ(warnings_for({.time = 1s, .turns = 0}), Warnings{});
  EXPECT_EQ(warnings_for({.time = 1001ms, .turns = 0}),
            Warnings{"this client waited for a core 10% of the time"});
}

TEST(Warnings, AreThoseOfEarlierRuns) {
  LoadResults results = results_of_ten_seconds();
  results.latency.record(1us);
  results.cpu = 18s;  // Two processes can use two processors.
  results.earlier = EarlierRuns{.count = 2, .warnings = {"one", "other"}};
  EXPECT_EQ(warnings_of(results), (Warnings{"one", "other"}));
}

// A client and a server that share a processor take turns at each message.
TEST(Warnings, IgnoresShortWaitsPerTurn) {
  EXPECT_EQ(warnings_for({.time = 4s, .turns = 400'000}), Warnings{});
  EXPECT_EQ(warnings_for({.time = 4s, .turns = 40'000}),
            Warnings{"this client waited for a core 40% of the time"});
}

TEST(Warnings, IgnoresAMillisecondOfAShortLoad) {
  EXPECT_EQ(warnings_for({.time = 1ms, .turns = 0}, 2ms), Warnings{});
  EXPECT_EQ(warnings_for({.time = 1ms + 1ns, .turns = 0}, 2ms).size(), 1U);
}

TEST(Warnings, ReportsARateThatWasNotKept) {
  EXPECT_EQ(warnings_of(results_with(1000, 10)), Warnings{});
  EXPECT_EQ(warnings_of(results_with(1000, 11)),
            Warnings{"the rate was not kept: 1.1% of the messages were sent late"});
}

}  // namespace
}  // namespace echo
