#include "echo/report/load_description.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "echo/base/parse.h"
#include "echo/load/load_settings.h"
#include "echo/os/endpoint.h"
#include "support/text.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using test::has;

using Lines = std::vector<std::string>;

constexpr std::size_t kWide = 1000;

LoadSettings settings_for(const std::string& host) {
  LoadSettings settings;
  settings.host = host;
  settings.port = 10000;
  settings.connections = 1;
  return settings;
}

LoadSettings settings_with_everything() {
  LoadSettings settings = settings_for("localhost");
  settings.connections = 10'000;
  settings.ramp = 5s;
  settings.churn = true;
  settings.reconnect = true;
  settings.half_close = true;
  settings.idle = 1'000;
  settings.sizes = {.least = 64, .most = 65'536};
  settings.rate.count = 50'000;
  settings.pipeline = 16;
  settings.count = 100;
  settings.duration = 90s;
  settings.warmup = 2s;
  return settings;
}

TEST(DescribeTarget, NamesHostAndPort) {
  EXPECT_EQ(describe_target(settings_for("localhost")), "localhost port 10000");
}

TEST(DescribeTarget, EscapesAHostileName) {
  EXPECT_EQ(describe_target(settings_for("a\x1b[2J\xff")), "a\\x1b[2J\\xff port 10000");
}

TEST(DescribeTarget, ShortensALongName) {
  const std::string text = describe_target(settings_for(std::string(255, 'x')));
  EXPECT_LE(text.size(), 80U);
  EXPECT_TRUE(text.ends_with("x... port 10000")) << text;
}

TEST(DescribeLoad, OmitsUnusedSettings) {
  EXPECT_EQ(describe_load(settings_for("localhost"), kWide),
            Lines{"1 connection, messages of 64 bytes, 1 in flight per connection"});
}

TEST(DescribeLoad, DescribesEverySettingWithinTheWidth) {
  EXPECT_EQ(describe_load(settings_with_everything(), 66),
            (Lines{"10,000 connections, opened over 5s, a new one for each message,",
                   "reopened after a failure, half-closed at the end,",
                   "1,000 idle connections, messages of 64 to 65,536 bytes,",
                   "50,000 per second, 100 messages per connection, for 1m30s,",
                   "after a warm-up of 2s"}));
}

TEST(DescribeLoad, DescribesBothSidesOfTheConnections) {
  LoadSettings settings = settings_for("localhost");
  settings.all_addresses = true;
  settings.origin = {.addresses = {parse_address("127.0.0.2")}, .device = "lo", .dscp = 46};
  EXPECT_EQ(describe_load(settings, kWide).front(),
            "1 connection, shared among the addresses, from 127.0.0.2, through lo, DSCP 46, "
            "messages of 64 bytes, 1 in flight per connection");
  settings.origin.addresses.push_back(parse_address("127.0.0.3"));
  EXPECT_TRUE(has(describe_load(settings, kWide).front(), ", from 2 addresses in turn,"));
}

TEST(DescribeLoad, DescribesTheArrivalOfMessages) {
  LoadSettings settings = settings_for("localhost");
  settings.rate.count = 5;
  settings.poisson = settings.no_catch_up = true;
  EXPECT_EQ(
      describe_load(settings, kWide),
      Lines{"1 connection, messages of 64 bytes, 5 per second at random times, late ones skipped"});
}

TEST(DescribeLoad, DescribesTextAndData) {
  LoadSettings settings = settings_for("localhost");
  settings.text = true;
  EXPECT_TRUE(has(describe_load(settings, kWide).front(), ", lines of 64 bytes,"));
  settings.text = false;
  settings.data_file = "a\nfile";
  EXPECT_TRUE(has(describe_load(settings, kWide).front(),
                  ", messages of 64 bytes, the contents of a\\x0afile,"))
      << describe_load(settings, kWide).front();
}

TEST(DescribeLoad, DescribesALoadThatOnlyConnects) {
  LoadSettings settings = settings_for("localhost");
  settings.connect_only = settings.churn = true;
  settings.count = 100;
  EXPECT_EQ(describe_load(settings, kWide),
            Lines{"1 connection, each closed at once, 100 attempts each"});
}

TEST(DescribeLoad, OmitsAnUnlimitedDepth) {
  LoadSettings settings = settings_for("localhost");
  settings.pipeline = 0;
  settings.rate.count = 5;
  EXPECT_EQ(describe_load(settings, kWide),
            Lines{"1 connection, messages of 64 bytes, 5 per second"});
}

TEST(DescribeLoad, BeginsWithTheNumberOfRuns) {
  const LoadSettings settings = settings_for("localhost");
  EXPECT_TRUE(describe_load(settings, kWide, 1).front().starts_with("1 run, 1 connection, "));
  EXPECT_TRUE(describe_load(settings, kWide, 2).front().starts_with("2 runs, 1 connection, "));
}

TEST(DescribeLoad, ShowsTheExactRate) {
  LoadSettings settings = settings_for("localhost");
  const auto described = [&](Rate rate) {
    settings.rate = rate;
    return describe_load(settings, kWide).front();
  };
  EXPECT_TRUE(described({.count = 1, .period = 2s}).ends_with(", one every 2s"));
  EXPECT_TRUE(described({.count = 5, .period = 2s}).ends_with(", 5 every 2s"));
  EXPECT_TRUE(described({.count = 10, .period = 1min}).ends_with(", 10 per minute"));
  EXPECT_TRUE(described({.count = 10, .period = 1h}).ends_with(", 10 per hour"));
  EXPECT_TRUE(described({.count = 1, .period = 1min}).ends_with(", one every 1m"));
  EXPECT_TRUE(described({.count = 1'001}).ends_with(", 1,001 per second"));
}

}  // namespace
}  // namespace echo
