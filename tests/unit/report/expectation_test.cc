#include "echo/report/expectation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "echo/base/parse.h"
#include "echo/client/failure.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

Expectation expecting(std::string_view text) {
  const auto expectation = parse_expectation(text);
  EXPECT_TRUE(expectation) << text;
  return *expectation;
}

std::optional<ParseError> misfit(std::string_view text) {
  const auto expectation = parse_expectation(text);
  if (expectation) return std::nullopt;
  return expectation.error();
}

// 1,000 messages in 2 s, of which one is lost and one is in flight; one failed connection. The
// latencies are 1 us, 2 us, ..., 998 us.
LoadResults some_results() {
  LoadResults results;
  results.sent = 1000;
  results.received = 998;
  results.lost = 1;
  results.elapsed = 2s;
  results.failures.at(static_cast<std::size_t>(Failure::kReset)) = 1;
  for (Duration latency = 1us; latency <= 998us; latency += 1us) results.latency.record(latency);
  return results;
}

LoadResults results_with(Failure failure) {
  LoadResults results = some_results();
  results.failures.at(static_cast<std::size_t>(failure)) = 1;
  return results;
}

LoadResults exact_results() {
  LoadResults results;
  results.sent = results.received = 1;
  results.latency.record(1ms);
  return results;
}

bool holds(std::string_view text) { return expecting(text).holds(some_results()); }

// True if the figure of some_results() is exactly this value.
bool equals(const std::string& figure, const std::string& value) {
  return holds(figure + "<=" + value) && holds(figure + ">=" + value);
}

std::string violation(std::string_view text, const LoadResults& results) {
  return expecting(text).violation(results).value_or("");
}

// The load has a count.
LoadSettings counted_settings() {
  LoadSettings settings;
  settings.count = 1;
  return settings;
}

int status(const LoadResults& results, std::string_view text) {
  return exit_status_of(counted_settings(), results, {expecting(text)});
}

TEST(ParseExpectation, AcceptsEachFigureOfItsList) {
  EXPECT_EQ(expectation_figures(),
            "min, mean, p50, p90, p99, p99.9, p99.99, max, loss, rate, errors");
  for (const char* const text : {"min<1s", "mean<1s", "p50<1s", "p90<1s", "p99<1s", "p99.9<1s",
                                 "p99.99<1s", "max<1s", "loss<1%", "rate<1", "errors<1"}) {
    EXPECT_EQ(misfit(text), std::nullopt) << text;
  }
}

TEST(ParseExpectation, AcceptsSpacesAndKeepsTheText) {
  const Expectation expectation = expecting(" p99 <=  5ms ");
  EXPECT_EQ(expectation.text, " p99 <=  5ms ");
  EXPECT_TRUE(expectation.holds(some_results()));
}

TEST(ParseExpectation, RejectsMalformedTexts) {
  for (const char* const text :
       {"",         "<",        "p99",       "p99<",       "<5ms",
        "p99 5ms",  "p98<5ms",  "P99<5ms",   "p99=5ms",    "p99==5ms",
        "p99=<5ms", "p99<<5ms", "p99<=>5ms", "p99!=5ms",   "p99<-5ms",
        "p99<5%",   "p99<5d",   "p99<5 ms",  "loss<1",     "loss<1ms",
        "rate<1%",  "rate<1ms", "errors<1%", "errors<1/s", "p99<5ms,loss<1%",
        "5ms>p99"}) {
    EXPECT_EQ(misfit(text), ParseError::kMalformed) << text;
  }
}

TEST(ParseExpectation, RequiresTheUnitOfATime) {
  EXPECT_EQ(misfit("p99<5"), ParseError::kMalformed);
  EXPECT_EQ(misfit("min>0"), ParseError::kMalformed);
  EXPECT_EQ(misfit("min>0ns"), std::nullopt);
}

TEST(ParseExpectation, ReportsLimitsOutOfRange) {
  EXPECT_EQ(misfit("max<87601h"), ParseError::kTooLarge);
  EXPECT_EQ(misfit("loss<101%"), ParseError::kTooLarge);
  EXPECT_EQ(misfit("min<0.5ns"), ParseError::kTooFine);
  EXPECT_EQ(misfit("errors<0.5"), ParseError::kTooFine);
}

TEST(Expectation, ComparesWithEachOperator) {
  EXPECT_TRUE(holds("max<998001ns"));
  EXPECT_FALSE(holds("max<998us"));
  EXPECT_TRUE(holds("max<=998us"));
  EXPECT_FALSE(holds("max<=997999ns"));
  EXPECT_TRUE(holds("max>997999ns"));
  EXPECT_FALSE(holds("max>998us"));
  EXPECT_TRUE(holds("max>=998us"));
  EXPECT_FALSE(holds("max>=998001ns"));
}

TEST(Expectation, JudgesEachLatency) {
  EXPECT_TRUE(equals("min", "1us"));
  EXPECT_TRUE(equals("mean", "499.5us"));
  EXPECT_TRUE(equals("max", "998us"));
  const Histogram& latency = some_results().latency;
  EXPECT_TRUE(equals("p50", std::to_string(latency.percentile(5000).count()) + "ns"));
  EXPECT_TRUE(equals("p90", std::to_string(latency.percentile(9000).count()) + "ns"));
  EXPECT_TRUE(equals("p99", std::to_string(latency.percentile(9900).count()) + "ns"));
  EXPECT_TRUE(equals("p99.9", std::to_string(latency.percentile(9990).count()) + "ns"));
  EXPECT_TRUE(equals("p99.99", std::to_string(latency.percentile(9999).count()) + "ns"));
}

TEST(Expectation, CountsMessagesInFlightAsLost) { EXPECT_TRUE(equals("loss", "0.2%")); }

TEST(Expectation, JudgesMessagesPerTime) {
  EXPECT_TRUE(equals("rate", "499"));
  EXPECT_TRUE(equals("rate", "0.499K/s"));
  EXPECT_TRUE(equals("rate", "29940/m"));
}

TEST(Expectation, JudgesFailedConnections) { EXPECT_TRUE(equals("errors", "1")); }

TEST(Expectation, ComparesWithoutRounding) {
  LoadResults results;
  results.sent = 3'000'000'000'000'000'003;
  results.received = results.sent / 3 * 2;
  EXPECT_FALSE(expecting("loss<=33.3333333%").holds(results));
  EXPECT_TRUE(expecting("loss<33.3333334%").holds(results));
  results.received = 9'999'999'999'999'999'999U;
  results.elapsed = Duration{9'999'999'999'999'999};
  EXPECT_TRUE(expecting("rate>1000000000/s").holds(results));
  results.received = 9'999'999'999'999'999;
  EXPECT_FALSE(expecting("rate>1000000000/s").holds(results));
  EXPECT_TRUE(expecting("rate>=1000000000/s").holds(results));
}

TEST(Expectation, DoesNotHoldIfNothingWasMeasured) {
  for (const char* const text :
       {"min<1h", "mean<1h", "p50<1h", "p99.99<1h", "max<1h", "loss<100%", "rate<1G"}) {
    EXPECT_FALSE(expecting(text).holds({})) << text;
    EXPECT_EQ(violation(text, {}), "nothing was measured") << text;
  }
  EXPECT_TRUE(expecting("errors<1").holds({}));
}

TEST(Expectation, ReportsTheMeasuredFigure) {
  const LoadResults results = some_results();
  EXPECT_EQ(violation("max<998us", results), "measured 0.998000 ms");
  EXPECT_EQ(violation("loss<0.2%", results), "measured 0.2% (2 of 1,000)");
  EXPECT_EQ(violation("rate>=500", results), "measured 499.000000/s");
  EXPECT_EQ(violation("errors<1", results), "measured 1 failed connection");
}

TEST(ExitStatus, Is0IfEveryExpectationHolds) {
  EXPECT_EQ(exit_status_of({}, exact_results(), {}), 0);
  EXPECT_EQ(exit_status_of({}, exact_results(), {expecting("max<=1ms"), expecting("loss<1%")}), 0);
}

TEST(ExitStatus, Is3IfOneExpectationDoesNotHold) {
  EXPECT_EQ(exit_status_of({}, exact_results(), {expecting("max<1ms"), expecting("loss<1%")}), 3);
  EXPECT_EQ(exit_status_of({}, exact_results(), {expecting("loss<1%"), expecting("max<1ms")}), 3);
  EXPECT_EQ(status({}, "max<1h"), 3);
}

TEST(ExitStatus, Is1IfNoExpectationLimitsTheFailures) {
  EXPECT_EQ(exit_status_of({}, some_results(), {}), 1);
  EXPECT_EQ(status(some_results(), "max<1ns"), 1);
}

TEST(ExitStatus, LeavesFailuresToAnExpectationOfThem) {
  EXPECT_EQ(status(some_results(), "loss<=0.2%"), 0);
  EXPECT_EQ(status(some_results(), "loss<0.2%"), 3);
  EXPECT_EQ(status(some_results(), "errors<=1"), 0);
  EXPECT_EQ(status(some_results(), "errors<1"), 3);
  for (const Failure failure :
       {Failure::kConnect, Failure::kConnectTimeout, Failure::kDescriptors, Failure::kNoAddress,
        Failure::kTimeout, Failure::kClosedEarly, Failure::kReset}) {
    EXPECT_EQ(status(results_with(failure), "errors<=2"), 0) << name_of(failure);
  }
}

// In such a load a connection that is down has no messages to lose.
TEST(ExitStatus, LeavesNoFailureToTheLossIfNotEachMessageIsCounted) {
  LoadSettings settings;
  settings.duration = 1s;
  EXPECT_EQ(exit_status_of(settings, some_results(), {expecting("loss<1%")}), 1);
  EXPECT_EQ(exit_status_of(settings, some_results(), {expecting("errors<=1")}), 0);
  settings.rate.count = 1;
  EXPECT_EQ(exit_status_of(settings, some_results(), {expecting("loss<1%")}), 0);
}

TEST(ExitStatus, LeavesNoFailureToALowerLimit) {
  EXPECT_EQ(status(some_results(), "loss>=0%"), 1);
  EXPECT_EQ(status(some_results(), "errors>0"), 1);
}

TEST(ExitStatus, Is1IfAnEarlierRunHadNoEcho) {
  LoadResults results = some_results();
  results.earlier = EarlierRuns{.count = 2};
  EXPECT_EQ(status(results, "errors<1G"), 0);
  results.earlier->unanswered = 1;
  EXPECT_EQ(status(results, "errors<1G"), 1);
}

TEST(ExitStatus, Is1IfOneOfAllAddressesNeverAnswered) {
  LoadResults results = some_results();
  results.addresses = {{.address = "127.0.0.1:7", .received = 1}, {.address = "[::1]:7"}};
  EXPECT_EQ(status(results, "errors<1G"), 1);
  results.addresses[1].received = 1;
  EXPECT_EQ(status(results, "errors<1G"), 0);
}

TEST(ExitStatus, Is1ForEveryOtherFlaw) {
  const std::string_view tolerant = "errors<1G";
  EXPECT_EQ(status(results_with(Failure::kMismatch), tolerant), 1);
  EXPECT_EQ(status(results_with(Failure::kUrgent), tolerant), 1);
  LoadResults results = some_results();
  results.is_past_deadline = true;
  EXPECT_EQ(status(results, tolerant), 1);
  results = some_results();
  results.not_open = 1;
  EXPECT_EQ(status(results, tolerant), 1);
  results = some_results();
  results.unsent = 1;
  EXPECT_EQ(status(results, tolerant), 1);
  results = some_results();
  results.received = 0;
  EXPECT_EQ(status(results, tolerant), 1);
}

}  // namespace
}  // namespace echo
