#include "echo/json_report.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cctype>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "echo/failure.h"
#include "echo/load_results.h"
#include "echo/load_settings.h"
#include "echo/utf8.h"
#include "support/text.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using testing::has;

// Whether a text is one value of JSON, by RFC 8259's grammar, and valid UTF-8.
class JsonChecker {
 public:
  static bool accepts(std::string_view text) {
    JsonChecker checker(text);
    checker.space();
    return valid_utf8(text) == text && checker.value() && checker.rest_.empty();
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

  // NOLINTBEGIN(misc-no-recursion): as deep as what is checked is nested.
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
  settings.connections = 2;
  settings.count = 5;
  return settings;
}

LoadResults json_results() {
  LoadResults results;
  results.elapsed = 2s;
  results.cpu = 500us;
  results.ran = 2500ms;
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
  results.told = {"connection 1: closed early"};
  return results;
}

TEST(JsonChecker, AcceptsWhatIsJson) {
  for (const std::string_view text :
       {"0", "-1.5e+3", R"("\u001b\n")", "[]", "{}", R"({"a":[1,null,true,{"b":"c"}]})", " 1\n"}) {
    EXPECT_TRUE(JsonChecker::accepts(text)) << text;
  }
}

TEST(JsonChecker, RefusesWhatIsNot) {
  for (const std::string_view text :
       {"", "01", "1.", ".5", "nan", "\"\n\"", R"("\x1b")", R"(")", "[1,]", "[1 2]", R"({"a"})",
        "{a:1}", R"({"a":1,})", "1 1", "\"\xff\""}) {
    EXPECT_FALSE(JsonChecker::accepts(text)) << text;
  }
}

TEST(FormatJson, IsOneObjectInALine) {
  const std::string json = format_json(json_settings(), json_results());
  EXPECT_TRUE(JsonChecker::accepts(json));
  EXPECT_EQ(json.find('\n'), json.size() - 1);
  EXPECT_EQ(
      json,
      R"({"format":"echo_client-load","version":1,)"
      R"("settings":{"host":"localhost","port":10000,"family":null,"connections":2,)"
      R"("timeout_ns":null,"deadline_ns":null,"count":5,"duration_ns":null,"size_least":64,"size_most":64,)"
      R"("pipeline":1,"rate":null,"ramp_ns":0,"warmup_ns":0,"idle":0,)"
      R"("churn":false,"half_close":false,"reconnect":false},)"
      R"("elapsed_ns":2000000000,"interrupted":false,"deadline_passed":false,"exact":false,"cpu_ns":500000,"ran_ns":2500000000,)"
      R"("connections":{"opened":2,"open_at_most":2,"not_open":0,"reset_after_echo":0,"failed":1,)"
      R"("connect_time":{"count":1,"min_ns":50,"mean_ns":50,"mdev_ns":0,"p50_ns":50,"p90_ns":50,)"
      R"("p99_ns":50,"p99_9_ns":50,"p99_99_ns":50,"max_ns":50,"histogram":[[50,50,1]]}},)"
      R"("messages":{"sent":4,"received":2,"lost":1,"unsent":0,"in_flight":1,"oldest_in_flight_ns":7},"bytes":128,)"
      R"("throughput":{"messages_per_s":1.000,"bytes_per_s":64.000},)"
      R"("latency":{"count":2,"min_ns":1000,"mean_ns":2000,"mdev_ns":1000,"p50_ns":1000,)"
      R"("p90_ns":3000,"p99_ns":3000,"p99_9_ns":3000,"p99_99_ns":3000,"max_ns":3000,)"
      R"("histogram":[[1000,1000,1],[3000,3001,1]]},"lateness":null,)"
      R"("errors":{"connect":0,"connect_timeout":0,"no_descriptor":0,"no_local_address":0,"timeout":0,)"
      R"("closed_early":1,"reset":0,"mismatch":0,"urgent_data":0},)"
      R"("failures":["connection 1: closed early"],"refusals":[]})"
      "\n");
}

TEST(FormatJson, HasTheLatenessOfARate) {
  LoadSettings settings = json_settings();
  settings.rate.count = 10;
  const std::string json = format_json(settings, json_results());
  EXPECT_TRUE(JsonChecker::accepts(json));
  EXPECT_TRUE(has(json, R"("rate":{"count":10,"per_ns":1000000000},)"));
  EXPECT_TRUE(has(json, R"("lateness":{"count":0,)"));
  EXPECT_TRUE(has(json, R"("histogram":[]})"));
}

TEST(FormatJson, NamesTheFamilyOfAddresses) {
  LoadSettings settings = json_settings();
  settings.family = AF_INET;
  EXPECT_TRUE(has(format_json(settings, {}), R"("family":"ipv4")"));
  settings.family = AF_INET6;
  EXPECT_TRUE(has(format_json(settings, {}), R"("family":"ipv6")"));
}

TEST(FormatJson, IsValidWhateverByteOthersHaveSent) {
  for (int value = 0; value < 256; ++value) {
    const std::string bytes{'a', static_cast<char>(value), 'z'};
    LoadSettings settings = json_settings();
    settings.host = bytes;
    LoadResults results;
    results.told = {bytes, bytes};
    EXPECT_TRUE(JsonChecker::accepts(format_json(settings, results))) << value;
  }
}

}  // namespace
}  // namespace echo
