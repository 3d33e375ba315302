#include "echo/report/openmetrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "support/text.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using test::has;

constexpr WallTime kEnd{1'795'511'564'318ms};

LoadSettings settings_of(const std::string& host) {
  LoadSettings settings;
  settings.host = host;
  settings.port = 7;
  return settings;
}

TEST(OpenMetrics, ContainTheResults) {
  LoadResults results;
  results.elapsed = 2s;
  results.opened = 3;
  results.connect.record(50ns);
  results.sent = 5;
  results.received = 2;
  results.lost = 1;
  results.bytes = 128;
  results.latency.record(1us);
  results.latency.record(3us);
  results.failures.at(static_cast<std::size_t>(Failure::kClosedEarly)) = 1;
  results.cpu = 500us;
  results.ran = 2500ms;
  EXPECT_EQ(format_openmetrics(settings_of("localhost"), results, kEnd),
            R"(# HELP echo_client_exact 1 if every echo was exact and nothing failed, otherwise 0.
# TYPE echo_client_exact gauge
echo_client_exact{host="localhost",port="7"} 0
# HELP echo_client_elapsed_seconds Time measured.
# TYPE echo_client_elapsed_seconds gauge
# UNIT echo_client_elapsed_seconds seconds
echo_client_elapsed_seconds{host="localhost",port="7"} 2.000000000
# HELP echo_client_messages_sent Messages sent.
# TYPE echo_client_messages_sent gauge
echo_client_messages_sent{host="localhost",port="7"} 5
# HELP echo_client_messages_received Messages with an exact echo.
# TYPE echo_client_messages_received gauge
echo_client_messages_received{host="localhost",port="7"} 2
# HELP echo_client_messages_lost Messages lost.
# TYPE echo_client_messages_lost gauge
echo_client_messages_lost{host="localhost",port="7"} 1
# HELP echo_client_messages_skipped Messages skipped.
# TYPE echo_client_messages_skipped gauge
echo_client_messages_skipped{host="localhost",port="7"} 0
# HELP echo_client_received_bytes Bytes in the messages received.
# TYPE echo_client_received_bytes gauge
# UNIT echo_client_received_bytes bytes
echo_client_received_bytes{host="localhost",port="7"} 128
# HELP echo_client_messages_per_second Messages received per second.
# TYPE echo_client_messages_per_second gauge
echo_client_messages_per_second{host="localhost",port="7"} 1.000
# HELP echo_client_latency_seconds Time from the start of a message to its complete echo.
# TYPE echo_client_latency_seconds summary
# UNIT echo_client_latency_seconds seconds
echo_client_latency_seconds{host="localhost",port="7",quantile="0.0"} 0.000001000
echo_client_latency_seconds{host="localhost",port="7",quantile="0.5"} 0.000001000
echo_client_latency_seconds{host="localhost",port="7",quantile="0.9"} 0.000003000
echo_client_latency_seconds{host="localhost",port="7",quantile="0.99"} 0.000003000
echo_client_latency_seconds{host="localhost",port="7",quantile="0.999"} 0.000003000
echo_client_latency_seconds{host="localhost",port="7",quantile="0.9999"} 0.000003000
echo_client_latency_seconds{host="localhost",port="7",quantile="1.0"} 0.000003000
echo_client_latency_seconds_sum{host="localhost",port="7"} 0.000004000
echo_client_latency_seconds_count{host="localhost",port="7"} 2
# HELP echo_client_connections_opened Connections opened.
# TYPE echo_client_connections_opened gauge
echo_client_connections_opened{host="localhost",port="7"} 3
# HELP echo_client_connections_failed Connections failed, by kind of failure.
# TYPE echo_client_connections_failed gauge
echo_client_connections_failed{host="localhost",port="7",kind="connect"} 0
echo_client_connections_failed{host="localhost",port="7",kind="connect timeout"} 0
echo_client_connections_failed{host="localhost",port="7",kind="no descriptor"} 0
echo_client_connections_failed{host="localhost",port="7",kind="no local address"} 0
echo_client_connections_failed{host="localhost",port="7",kind="timeout"} 0
echo_client_connections_failed{host="localhost",port="7",kind="closed early"} 1
echo_client_connections_failed{host="localhost",port="7",kind="reset"} 0
echo_client_connections_failed{host="localhost",port="7",kind="mismatch"} 0
echo_client_connections_failed{host="localhost",port="7",kind="urgent data"} 0
# HELP echo_client_connect_seconds Time to open a connection.
# TYPE echo_client_connect_seconds summary
# UNIT echo_client_connect_seconds seconds
echo_client_connect_seconds{host="localhost",port="7",quantile="0.0"} 0.000000050
echo_client_connect_seconds{host="localhost",port="7",quantile="0.5"} 0.000000050
echo_client_connect_seconds{host="localhost",port="7",quantile="0.9"} 0.000000050
echo_client_connect_seconds{host="localhost",port="7",quantile="0.99"} 0.000000050
echo_client_connect_seconds{host="localhost",port="7",quantile="0.999"} 0.000000050
echo_client_connect_seconds{host="localhost",port="7",quantile="0.9999"} 0.000000050
echo_client_connect_seconds{host="localhost",port="7",quantile="1.0"} 0.000000050
echo_client_connect_seconds_sum{host="localhost",port="7"} 0.000000050
echo_client_connect_seconds_count{host="localhost",port="7"} 1
# HELP echo_client_cpu_seconds CPU time of this client.
# TYPE echo_client_cpu_seconds gauge
# UNIT echo_client_cpu_seconds seconds
echo_client_cpu_seconds{host="localhost",port="7"} 0.000500000
# HELP echo_client_end_timestamp_seconds Time at which the measurement ended, in Unix time.
# TYPE echo_client_end_timestamp_seconds gauge
# UNIT echo_client_end_timestamp_seconds seconds
echo_client_end_timestamp_seconds{host="localhost",port="7"} 1795511564.318
# EOF
)");
}

TEST(OpenMetrics, ReportAnExactEcho) {
  EXPECT_TRUE(has(format_openmetrics(settings_of("a"), {}, kEnd),
                  "\necho_client_exact{host=\"a\",port=\"7\"} 1\n"));
}

TEST(OpenMetrics, ContainWhatTcpKnows) {
  LoadResults results;
  results.path.add({.retransmits = 2}, 2);
  const std::string retransmits = "\necho_client_retransmits{host=\"a\",port=\"7\"} 2\n";
  EXPECT_TRUE(has(format_openmetrics(settings_of("a"), results, kEnd), retransmits));
  EXPECT_FALSE(has(format_openmetrics(settings_of("a"), results, kEnd), "round_trip"));
  results.path.add({.retransmits = 0, .round_trip = 10us, .congestion_window = 4}, 0);
  const std::string text = format_openmetrics(settings_of("a"), results, kEnd);
  EXPECT_TRUE(has(text, retransmits)) << text;
  EXPECT_TRUE(has(text, "\necho_client_round_trip_seconds{host=\"a\",port=\"7\"} 0.000010000\n"));
  EXPECT_TRUE(has(text, "\necho_client_congestion_window{host=\"a\",port=\"7\"} 4\n")) << text;
}

TEST(OpenMetrics, HaveLabelsForOtherLoadsOnTheSameServer) {
  LoadSettings settings = settings_of("a");
  settings.connect_only = true;
  settings.origin.dscp = 46;
  EXPECT_TRUE(has(format_openmetrics(settings, {}, kEnd),
                  "_exact{host=\"a\",port=\"7\",mode=\"connect\",dscp=\"46\"} 1\n"));
}

TEST(OpenMetrics, LeaveOutFiguresWithoutAMeasurement) {
  const std::string text = format_openmetrics(settings_of("a"), {}, kEnd);
  for (const char* const figure : {"per_second", "cpu_seconds", "quantile", "NaN", "nan", "inf"}) {
    EXPECT_FALSE(has(text, figure)) << text;
  }
  EXPECT_TRUE(has(text, "\necho_client_latency_seconds_count{host=\"a\",port=\"7\"} 0\n")) << text;
}

TEST(OpenMetrics, EscapeTheHost) {
  const std::string text = format_openmetrics_error(settings_of("a\\b\"c\nd\xff"), kEnd);
  EXPECT_TRUE(has(text, R"({host="a\\b\"c\\x0ad\\xff",port="7"} )")) << text;
}

TEST(OpenMetrics, AreAsciiWithOneSamplePerLineForEveryByte) {
  const std::string usual = format_openmetrics(settings_of("a"), {}, kEnd);
  for (int value = 0; value < 256; ++value) {
    const std::string text = format_openmetrics(settings_of({static_cast<char>(value)}), {}, kEnd);
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](unsigned char byte) {
      return byte == '\n' || (byte >= ' ' && byte <= '~');
    })) << value;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'),
              std::count(usual.begin(), usual.end(), '\n'))
        << value;
  }
}

TEST(OpenMetrics, ContainOnlyTheTimeOfAnErrorAndThatNothingWasExact) {
  EXPECT_EQ(format_openmetrics_error(settings_of("nowhere"), kEnd),
            R"(# HELP echo_client_exact 1 if every echo was exact and nothing failed, otherwise 0.
# TYPE echo_client_exact gauge
echo_client_exact{host="nowhere",port="7"} 0
# HELP echo_client_end_timestamp_seconds Time at which the measurement ended, in Unix time.
# TYPE echo_client_end_timestamp_seconds gauge
# UNIT echo_client_end_timestamp_seconds seconds
echo_client_end_timestamp_seconds{host="nowhere",port="7"} 1795511564.318
# EOF
)");
}

}  // namespace
}  // namespace echo
