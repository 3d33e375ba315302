#include "echo/report/json_results.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/load/histogram.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/os/platform.h"
#include "echo/report/json.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

LoadSettings every_setting() {
  LoadSettings settings;
  settings.host = "echo.example.net";
  settings.port = 7;
  settings.family = AF_INET6;
  settings.connections = 50;
  settings.timeout = 1s;
  settings.deadline = 2s;
  settings.count = 3;
  settings.duration = 4s;
  settings.sizes = {.least = 5, .most = 6};
  settings.pipeline = 7;
  settings.rate = {.count = 8, .period = 9s};
  settings.ramp = 10ms;
  settings.warmup = 11ms;
  settings.idle = 12;
  settings.churn = settings.half_close = settings.reconnect = true;
  settings.seed = 13;
  settings.all_addresses = settings.connect_only = settings.text = true;
  settings.poisson = settings.no_catch_up = true;
  settings.data_file = "a file";
  settings.origin.dscp = 46;
  return settings;
}

LoadResults every_result() {
  LoadResults results;
  results.elapsed = 2s;
  results.begin = WallTime{1'795'511'564'318ms};
  results.opened = 2;
  results.most_open = 1;
  results.not_open = 3;
  results.connect.record(50ns);
  results.connect.record(5ms);
  results.sent = 9;
  results.received = 3;
  results.lost = 1;
  results.bytes = 192;
  results.unsent = 4;
  results.skipped = 14;
  results.oldest_in_flight = 7ns;
  results.path.add({.retransmits = 4, .round_trip = 10us, .congestion_window = 8}, 4);
  results.path.add({.retransmits = 0, .round_trip = 30us, .congestion_window = 4}, 0);
  results.addresses.push_back(
      {.address = "[::1]:7", .opened = 1, .failed = 2, .sent = 3, .received = 1, .lost = 1});
  results.addresses.back().latency.record(6us);
  for (const Duration latency : {1us, 3us, 1234567us}) results.latency.record(latency);
  results.lateness.record(8us);
  results.sent_late = 1;
  for (std::size_t kind = 0; kind < kFailures; ++kind) results.failures[kind] = kind;
  results.failure_texts = {"connection 1: closed early"};
  results.refusals = {"::1: Connection refused"};
  results.resets_after_echo = 5;
  results.cpu = 500us;
  results.ran = 2500ms;
  results.waited = ProcessorWait{.time = 4us, .turns = 3};
  results.interrupted = results.is_past_deadline = true;
  results.earlier = EarlierRuns{.count = 2, .unanswered = 0, .warnings = {"a.json: too slow"}};
  return results;
}

std::string text_of(const LoadSettings& settings, const LoadResults& results) {
  return JsonReport{}.format(settings, results, {}, false);
}

std::string reason_of(const std::string& text) {
  try {
    parse_json_results(text);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "none";
}

// The object of a run, with a part of its text replaced.
std::string with(std::string_view part, std::string_view replacement) {
  std::string text = text_of(every_setting(), every_result());
  const std::size_t place = text.find(part);
  EXPECT_NE(place, std::string::npos) << part;
  return place == std::string::npos ? text : text.replace(place, part.size(), replacement);
}

TEST(JsonResults, AreRestoredCompletely) {
  const std::string text = text_of(every_setting(), every_result());
  const EndedRun run = parse_json_results(text);
  EXPECT_EQ(text_of(run.settings, run.results), text);
}

TEST(JsonResults, AreRestoredWithoutFigures) {
  LoadSettings settings = every_setting();
  settings.family = AF_UNSPEC;
  settings.timeout = settings.deadline = settings.duration = 0s;
  settings.count = 0;
  settings.rate = {};
  const std::string text = text_of(settings, {});
  const EndedRun run = parse_json_results(text);
  EXPECT_EQ(text_of(run.settings, run.results), text);
}

// The figures of a histogram survive being written as text and merged with others.
TEST(JsonResults, MergeIntoTheHistogramOfAllValues) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::uniform_int_distribution<Duration::rep> shift(0, 40);
    std::vector<LoadResults> parts(1 + seed % 5);
    Histogram all;
    for (int count = 0; count < 300; ++count) {
      const Duration value{static_cast<Duration::rep>(random()) << shift(random) >> 10};
      LoadResults& part = parts[random() % parts.size()];
      part.latency.record(value);
      ++part.sent;
      ++part.received;
      all.record(value);
    }
    LoadResults merged;
    merged.earlier.emplace();
    for (const LoadResults& part : parts) {
      merged.merge(parse_json_results(text_of(every_setting(), part)).results);
    }
    EXPECT_EQ(merged.latency.count(), all.count());
    EXPECT_EQ(merged.latency.min(), all.min());
    EXPECT_EQ(merged.latency.max(), all.max());
    for (unsigned rank = 0; rank <= 10'000; rank += 99) {
      ASSERT_EQ(merged.latency.percentile(rank), all.percentile(rank)) << rank;
    }
    const auto mean = static_cast<double>(all.mean().count());
    EXPECT_NEAR(static_cast<double>(merged.latency.mean().count()), mean, 1 + mean * 1e-9);
    const auto deviation = static_cast<double>(all.deviation().count());
    EXPECT_NEAR(static_cast<double>(merged.latency.deviation().count()), deviation,
                1 + deviation * 1e-6);
  }
}

TEST(JsonResults, IgnoreUnknownMembers) {
  EXPECT_EQ(reason_of(with(R"("runs":2,)", R"("runs":2,"new":[{"runs":-1}],)")), "none");
}

TEST(JsonResults, RememberRunsWithoutAnEcho) {
  LoadResults results;
  results.sent = results.lost = 1;
  EXPECT_EQ(parse_json_results(text_of({}, results)).results.runs_without_echo(), 1U);
  results.earlier = EarlierRuns{.count = 3, .unanswered = 2};
  EXPECT_EQ(parse_json_results(text_of({}, results)).results.runs_without_echo(), 2U);
}

TEST(JsonResults, ArePrintable) {
  const EndedRun run = parse_json_results(with("echo.example.net", R"(a\u001b[2J\u00e9)"));
  EXPECT_EQ(run.settings.host, "a\\x1b[2J\\xc3\\xa9");
}

TEST(JsonResults, AreNotRestoredFromAnError) {
  EXPECT_EQ(reason_of(format_json_error("cannot resolve host 'x'")),
            "no results: cannot resolve host 'x'");
}

TEST(JsonResults, AreNotRestoredFromAnotherText) {
  EXPECT_EQ(reason_of(""), "not JSON at offset 0: the text ends early");
  for (const std::string text : {"[]", "{}", R"({"format":"other","version":2})"}) {
    EXPECT_EQ(reason_of(text), "not a result of echo_client --json");
  }
  EXPECT_EQ(reason_of(with(R"("version":2)", R"("version":3)")),
            "its format has the version 3, not 2");
}

TEST(JsonResults, ReportTheMemberThatIsWrong) {
  EXPECT_EQ(reason_of(with(R"("port":7,)", "")), "member 'settings.port' is missing");
  EXPECT_EQ(reason_of(with(R"("port":7,)", R"("port":65536,)")),
            "member 'settings.port' is not a whole number from 0 to 65535");
  EXPECT_EQ(reason_of(with(R"("elapsed_ns":2000000000)", R"("elapsed_ns":-1)")),
            "member 'elapsed_ns' is not a whole number from 0 to " +
                std::to_string(kMaxDuration.count()));
  EXPECT_EQ(reason_of(with(R"("sent":9)", R"("sent":18446744073709551615)")),
            "member 'messages.sent' is not a whole number from 0 to 18446744073709551");
  EXPECT_EQ(reason_of(with(R"("churn":true)", R"("churn":1)")),
            "member 'settings.churn' is not true or false");
  EXPECT_EQ(reason_of(with(R"("host":"echo.example.net")", R"("host":null)")),
            "member 'settings.host' is not a string");
  EXPECT_EQ(reason_of(with(R"("family":"ipv6")", R"("family":"ipx")")),
            "member 'settings.family' is not an address family");
  EXPECT_EQ(reason_of(with(R"("begin":"2026)", R"("begin":"26)")), "member 'begin' is not a time");
  EXPECT_EQ(reason_of(with(R"("runs":2,)", R"("runs":0,)")), "member 'runs' is 0");
  EXPECT_EQ(reason_of(with(R"("size_least":5)", R"("size_least":7)")),
            "member 'settings.size_least' is too large");
  EXPECT_EQ(reason_of(with(R"("per_ns":9000000000)", R"("per_ns":0)")),
            "member 'settings.rate.per_ns' is 0");
  EXPECT_EQ(reason_of(with(R"("warnings":["a.json: too slow"])", R"("warnings":"none")")),
            "member 'warnings' is not an array");
  EXPECT_EQ(reason_of(with(R"("rate":{"count":8,"per_ns":9000000000})", R"("rate":8)")),
            "member 'settings.rate' is not an object");
}

TEST(JsonResults, ReportFiguresThatContradictEachOther) {
  EXPECT_EQ(reason_of(with(R"("failed":36)", R"("failed":37)")),
            "member 'connections.failed' is not the sum of the errors");
  EXPECT_EQ(reason_of(with(R"("opened":2)", R"("opened":3)")),
            "member 'connections.opened' is not the count of 'connect_time'");
  EXPECT_EQ(reason_of(with(R"("lost":1)", R"("lost":7)")),
            "member 'messages.sent' is less than 'received' and 'lost' together");
  EXPECT_EQ(reason_of(with(R"("received":3)", R"("received":4)")),
            "member 'messages.received' is not the count of 'latency'");
  EXPECT_EQ(reason_of(with("[1000,1000,1]", "[1000,1000,2]")),
            "member 'latency.histogram' contradicts the other figures");
  EXPECT_EQ(reason_of(with("[1000,1000,1]", "[1000,1000]")),
            "member 'latency.histogram' has a bucket without three figures");
}

}  // namespace
}  // namespace echo
