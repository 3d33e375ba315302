#include "echo/report/json.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "echo/client/failure.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/load/pattern.h"
#include "echo/os/endpoint.h"
#include "echo/os/platform.h"
#include "echo/report/expectation.h"
#include "echo/report/figures.h"
#include "support/text.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using test::has;

// Checks that a text is one JSON value by the grammar of RFC 8259, in ASCII.
class JsonChecker {
 public:
  static bool accepts(std::string_view text) {
    JsonChecker checker(text);
    checker.space();
    const bool is_ascii =
        std::all_of(text.begin(), text.end(), [](unsigned char byte) { return byte < 0x80; });
    return is_ascii && checker.value() && checker.rest_.empty();
  }

 private:
  explicit JsonChecker(std::string_view text) : rest_(text) {}

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  bool take_any_of(std::string_view bytes) {
    if (rest_.empty() || bytes.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool space() {
    while (take_any_of(" \t\r\n")) {
    }
    return true;
  }

  bool digits() {
    if (!take_any_of("0123456789")) return false;
    while (take_any_of("0123456789")) {
    }
    return true;
  }

  bool number() {
    take("-");
    if (!take("0") && !digits()) return false;
    if (take(".") && !digits()) return false;
    if (!take_any_of("eE")) return true;
    take_any_of("+-");
    return digits();
  }

  bool escape() {
    if (!take("u")) return take_any_of("\"\\/bfnrt");
    for (int digit = 0; digit < 4; ++digit) {
      if (!take_any_of("0123456789abcdefABCDEF")) return false;
    }
    return true;
  }

  bool character() {
    if (take("\\")) return escape();
    if (rest_.empty() || static_cast<unsigned char>(rest_.front()) < 0x20) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool string() {
    if (!take("\"")) return false;
    while (!take("\"")) {
      if (!character()) return false;
    }
    return space();
  }

  // NOLINTBEGIN(misc-no-recursion): the recursion is only as deep as the nesting of the text.
  template <typename Item>
  bool items(std::string_view end, Item item) {
    space();
    if (take(end)) return space();
    do {
      space();
      if (!item()) return false;
    } while (take(","));
    return take(end) && space();
  }

  bool member() { return string() && take(":") && space() && value(); }

  bool value() {
    if (take("{")) return items("}", [this] { return member(); });
    if (take("[")) return items("]", [this] { return value(); });
    if (take("true") || take("false") || take("null")) return space();
    return rest_.starts_with("\"") ? string() : number() && space();
  }
  // NOLINTEND(misc-no-recursion)

  std::string_view rest_;
};

LoadSettings json_settings() {
  LoadSettings settings;
  settings.host = "localhost";
  settings.port = 10000;
  settings.timeout = Duration{0};
  settings.connections = 2;
  settings.count = 5;
  settings.seed = Pattern::kMaxSeed;
  return settings;
}

std::string format_json(const LoadSettings& settings, const LoadResults& results) {
  return JsonReport{}.format(settings, results, {}, false);
}

LoadResults json_results() {
  LoadResults results;
  results.elapsed = 2s;
  results.cpu = 500us;
  results.ran = 2500ms;
  results.waited = ProcessorWait{.time = 4us, .turns = 3};
  results.oldest_in_flight = 7ns;
  results.opened = results.most_open = 2;
  results.connect.record(50ns);
  results.sent = 4;
  results.received = 2;
  results.lost = 1;
  results.bytes = 128;
  results.latency.record(1us);
  results.latency.record(3us);
  results.failures.at(static_cast<std::size_t>(Failure::kClosedEarly)) = 1;
  results.failure_texts = {"connection 1: closed early"};
  return results;
}

TEST(JsonChecker, AcceptsValidJson) {
  for (const std::string_view text :
       {"0", "-1.5e+3", R"("\u001b\n")", "[]", "{}", R"({"a":[1,null,true,{"b":"c"}]})", " 1\n"}) {
    EXPECT_TRUE(JsonChecker::accepts(text)) << text;
  }
}

TEST(JsonChecker, RejectsInvalidJson) {
  for (const std::string_view text :
       {"", "01", "1.", ".5", "nan", "\"\n\"", R"("\x1b")", R"(")", "[1,]", "[1 2]", R"({"a"})",
        "{a:1}", R"({"a":1,})", "1 1", "\"\xff\""}) {
    EXPECT_FALSE(JsonChecker::accepts(text)) << text;
  }
}

TEST(FormatJson, IsOneObjectOnOneLine) {
  const std::string json = format_json(json_settings(), json_results());
  EXPECT_TRUE(JsonChecker::accepts(json));
  EXPECT_EQ(json.find('\n'), json.size() - 1);
  EXPECT_EQ(
      json,
      R"({"format":"echo_client-load","version":2,)"
      R"("settings":{"host":"localhost","port":10000,"family":null,"connections":2,)"
      R"("all_addresses":false,"bind":[],"interface":null,"dscp":null,)"
      R"("timeout_ns":null,"deadline_ns":null,"count":5,"duration_ns":null,"size_least":64,"size_most":64,)"
      R"("text":false,"data":null,"pipeline":1,"rate":null,"poisson":false,"no_catch_up":false,"ramp_ns":0,"warmup_ns":0,"idle":0,)"
      R"("churn":false,"connect_only":false,"half_close":false,"reconnect":false,"seed":9007199254740991},)"
      R"("runs":1,"runs_without_echo":0,"begin":null,"elapsed_ns":2000000000,"interrupted":false,"deadline_passed":false,"exact":false,"cpu_ns":500000,"ran_ns":2500000000,)"
      R"("waited_ns":4000,"turns":3,)"
      R"("connections":{"opened":2,"open_at_most":2,"not_open":0,"reset_after_echo":0,"failed":1,)"
      R"("connect_time":{"count":1,"min_ns":50,"mean_ns":50,"mdev_ns":0,"p50_ns":50,"p90_ns":50,)"
      R"("p99_ns":50,"p99_9_ns":50,"p99_99_ns":50,"max_ns":50,"histogram":[[50,50,1]]}},)"
      R"("messages":{"sent":4,"received":2,"lost":1,"unsent":0,"skipped":0,"in_flight":1,"oldest_in_flight_ns":7},"bytes":128,)"
      R"("throughput":{"messages_per_s":1.000,"bytes_per_s":64.000},)"
      R"("latency":{"count":2,"min_ns":1000,"mean_ns":2000,"mdev_ns":1000,"p50_ns":1000,)"
      R"("p90_ns":3000,"p99_ns":3000,"p99_9_ns":3000,"p99_99_ns":3000,"max_ns":3000,)"
      R"("histogram":[[1000,1000,1],[3000,3000,1]]},"lateness":null,"sent_late":null,"path":null,"addresses":null,)"
      R"("errors":{"connect":0,"connect_timeout":0,"no_descriptor":0,"no_local_address":0,"timeout":0,)"
      R"("closed_early":1,"reset":0,"mismatch":0,"urgent_data":0},)"
      R"("failures":["connection 1: closed early"],"refusals":[],"warnings":[],"expectations":[],"samples":null})"
      "\n");
}

TEST(FormatJson, IncludesTheTimeOfDayAtTheBegin) {
  LoadResults results = json_results();
  results.begin = WallTime{1'795'511'564'318ms};
  EXPECT_TRUE(has(format_json(json_settings(), results), R"("begin":"2026-11-24T09:12:44.318Z",)"));
}

TEST(FormatJson, HasTheWarningsOfEarlierRuns) {
  LoadResults results = json_results();
  results.cpu = results.ran;  // Which is for each of the runs to judge.
  results.earlier = EarlierRuns{.count = 2, .warnings = {"a.json: too slow"}};
  const std::string json = format_json(json_settings(), results);
  EXPECT_TRUE(has(json, R"("runs":2,)"));
  EXPECT_TRUE(has(json, R"("warnings":["a.json: too slow"])")) << json;
}

TEST(FormatJson, IncludesTheLatenessAtARate) {
  LoadSettings settings = json_settings();
  settings.rate.count = 10;
  LoadResults results = json_results();
  results.sent_late = 6;
  const std::string json = format_json(settings, results);
  EXPECT_TRUE(JsonChecker::accepts(json));
  EXPECT_TRUE(has(json, R"("sent_late":6,)"));
  EXPECT_TRUE(has(json, R"("rate":{"count":10,"per_ns":1000000000},)"));
  EXPECT_TRUE(has(json, R"("lateness":{"count":0,)"));
  EXPECT_TRUE(has(json, R"("histogram":[]})"));
}

TEST(FormatJson, UsesNullForMissingFigures) {
  LoadSettings settings = json_settings();
  settings.rate.count = 10;
  const std::string json = format_json(settings, {});
  EXPECT_TRUE(JsonChecker::accepts(json));
  const std::string_view nothing =
      R"({"count":0,"min_ns":null,"mean_ns":null,"mdev_ns":null,"p50_ns":null,"p90_ns":null,)"
      R"("p99_ns":null,"p99_9_ns":null,"p99_99_ns":null,"max_ns":null,"histogram":[]})";
  for (const std::string name : {"connect_time", "latency", "lateness"}) {
    EXPECT_TRUE(has(json, "\"" + name + "\":" + std::string(nothing))) << json;
  }
  EXPECT_TRUE(has(json, R"("throughput":{"messages_per_s":null,"bytes_per_s":null})"));
  EXPECT_TRUE(has(json, R"("cpu_ns":null,"ran_ns":null,"waited_ns":null,"turns":null,)"));
  EXPECT_TRUE(has(json, R"("oldest_in_flight_ns":null})"));
}

TEST(FormatJson, IncludesTheLocalSideOfConnections) {
  LoadSettings settings = json_settings();
  settings.origin = {
      .addresses = {parse_address("127.0.0.2"), parse_address("::1")}, .device = "lo", .dscp = 46};
  const std::string json = format_json(settings, json_results());
  EXPECT_TRUE(has(json, R"("bind":["127.0.0.2","::1"],"interface":"lo","dscp":46,)")) << json;
}

TEST(FormatJson, UsesNullForARoundTripThatIsUnknown) {
  LoadResults results = json_results();
  results.path.add({.retransmits = 2}, 2);
  const std::string json = format_json(json_settings(), results);
  EXPECT_TRUE(has(json, R"("path":{"retransmits":2,"readings":0,"round_trip_mean_ns":null,)"
                        R"("round_trip_max_ns":null,"window_mean":null,"window_min":null},)"))
      << json;
}

TEST(FormatJson, IncludesTheResultsOfEachAddress) {
  LoadResults results = json_results();
  results.addresses.push_back(
      {.address = "[::1]:7", .opened = 1, .failed = 2, .sent = 7, .received = 3, .lost = 4});
  results.addresses[0].latency.record(5ns);
  const std::string json = format_json(json_settings(), results);
  EXPECT_TRUE(JsonChecker::accepts(json));
  EXPECT_TRUE(has(json, R"("addresses":[{"address":"[::1]:7","opened":1,"failed":2,"sent":7,)"
                        R"("received":3,"lost":4,"latency":{"count":1,"min_ns":5,)"))
      << json;
}

TEST(FormatJson, IncludesWarnings) {
  LoadResults results = json_results();
  results.cpu = results.ran;
  EXPECT_TRUE(has(format_json(json_settings(), results),
                  R"("warnings":["this client, not the server, may be the bottleneck"])"));
}

TEST(FormatJson, IncludesExpectationsInTheGivenOrder) {
  const Expectations expectations{*parse_expectation("max<3us"), *parse_expectation("max<=3us")};
  const std::string json =
      JsonReport{}.format(json_settings(), json_results(), expectations, false);
  EXPECT_TRUE(JsonChecker::accepts(json));
  EXPECT_TRUE(has(json, R"("expectations":[{"expect":"max<3us","holds":false},)"
                        R"({"expect":"max<=3us","holds":true}],)"))
      << json;
}

TEST(FormatJson, IncludesRequestedSamples) {
  Sample sample;
  sample.begin = 1s;
  sample.end = 1500ms;
  sample.received = 1;
  sample.bytes = 64;
  sample.due = 8;
  sample.sent_late = 4;
  sample.lost = 5;
  sample.skipped = 6;
  sample.failed = 2;
  sample.open = 100;
  JsonReport report;
  EXPECT_TRUE(has(report.format(json_settings(), {}, {}, true), R"("samples":[]})"));
  report.add(sample, WallTime{1'795'511'564'318ms});
  sample.latency.record(1us);
  sample.end = sample.begin;
  sample.path.add({.retransmits = 2, .round_trip = 3us, .congestion_window = 4}, 2);
  report.add(sample, WallTime{});
  const std::string json = report.format(json_settings(), {}, {}, true);
  EXPECT_TRUE(JsonChecker::accepts(json));
  EXPECT_TRUE(has(
      json,
      R"("samples":[{"time":"2026-11-24T09:12:44.318Z","begin_ns":1000000000,"end_ns":1500000000,)"
      R"("messages":1,"bytes":64,"messages_per_s":2.000,"bytes_per_s":128.000,)"
      R"("due":8,"sent_late":4,"lost":5,"skipped":6,"failed":2,"open":100,"path":null,"min_ns":null,"mean_ns":null,)"
      R"("p50_ns":null,"p90_ns":null,"p99_ns":null,"p99_9_ns":null,"max_ns":null},)"
      R"({"time":"1970-01-01T00:00:00.000Z",)"))
      << json;
  EXPECT_TRUE(has(json, R"("path":{"retransmits":2,"readings":1,"round_trip_mean_ns":3000,)"
                        R"("round_trip_max_ns":3000,"window_mean":4,"window_min":4},)"))
      << json;
  EXPECT_TRUE(has(json, R"("messages_per_s":null,"bytes_per_s":null,)")) << json;
  EXPECT_TRUE(has(json, R"("min_ns":1000,"mean_ns":1000,"p50_ns":1000,)")) << json;
}

TEST(FormatJsonError, ContainsTheReason) {
  EXPECT_EQ(format_json_error("cannot resolve host '\x1b'"),
            R"({"format":"echo_client-load","version":2,"error":"cannot resolve host '\\x1b'"})"
            "\n");
}

TEST(FormatJson, NamesTheAddressFamily) {
  LoadSettings settings = json_settings();
  settings.family = AF_INET;
  EXPECT_TRUE(has(format_json(settings, {}), R"("family":"ipv4")"));
  settings.family = AF_INET6;
  EXPECT_TRUE(has(format_json(settings, {}), R"("family":"ipv6")"));
}

TEST(FormatJson, IsValidForEveryByteValue) {
  for (int value = 0; value < 256; ++value) {
    const std::string bytes{'a', static_cast<char>(value), 'z'};
    LoadSettings settings = json_settings();
    settings.host = bytes;
    LoadResults results;
    results.failure_texts = {bytes, bytes};
    EXPECT_TRUE(JsonChecker::accepts(format_json(settings, results))) << value;
  }
}

}  // namespace
}  // namespace echo
