#include "echo/report/ping.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "echo/base/parse.h"
#include "echo/load/load_settings.h"
#include "echo/os/endpoint.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

LoadSettings settings_with(const std::string& host, SizeRange sizes) {
  LoadSettings settings;
  settings.host = host;
  settings.port = 7;
  settings.sizes = sizes;
  return settings;
}

TEST(PingReport, StartsWithTargetAndSize) {
  EXPECT_EQ(ping_header(settings_with("localhost", {.least = 64, .most = 64})),
            "PING localhost port 7: 64 bytes per message\n");
  EXPECT_EQ(ping_header(settings_with("::1", {.least = 1, .most = 100})),
            "PING ::1 port 7: 1 to 100 bytes per message\n");
}

TEST(PingReport, StartsWithTheLocalSideToo) {
  LoadSettings settings = settings_with("localhost", {.least = 64, .most = 64});
  settings.origin = {.addresses = {parse_address("127.0.0.2")}, .device = "lo", .dscp = 46};
  EXPECT_EQ(ping_header(settings),
            "PING localhost port 7: 64 bytes per message, from 127.0.0.2, through lo, DSCP 46\n");
}

TEST(PingReport, ReportsConnectionsOfALoadThatOnlyConnects) {
  LoadSettings settings = settings_with("localhost", {});
  settings.connect_only = true;
  EXPECT_EQ(ping_header(settings), "PING localhost port 7: connecting only\n");
  const Endpoint server = resolve("127.0.0.1", 22).front();
  EXPECT_EQ(ping_line({.sequence = 1, .size = 0, .latency = 123us, .server = server}),
            "connected to 127.0.0.1:22: seq=1 time=0.123 ms\n");
}

TEST(PingReport, EscapesAHostileName) {
  EXPECT_EQ(ping_header(settings_with("\x1b[2J", {.least = 1, .most = 1})),
            "PING \\x1b[2J port 7: 1 byte per message\n");
}

TEST(PingReport, PrintsALinePerAnswer) {
  const Endpoint server = resolve("127.0.0.1", 10000).front();
  EXPECT_EQ(ping_line({.sequence = 1, .size = 64, .latency = 123us, .server = server}),
            "64 bytes from 127.0.0.1:10000: seq=1 time=0.123 ms\n");
}

TEST(PingReport, PrintsALinePerLoss) {
  EXPECT_EQ(ping_loss_line(2, "Connection reset by peer, at offset 64 of 128"),
            "seq=2 lost: Connection reset by peer, at offset 64 of 128\n");
}

}  // namespace
}  // namespace echo
