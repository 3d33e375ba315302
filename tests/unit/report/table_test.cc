#include "echo/report/table.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "echo/client/failure.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/load/pattern.h"
#include "echo/os/platform.h"
#include "support/text.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using test::has;

LoadSettings table_settings() {
  LoadSettings settings;
  settings.host = "localhost";
  settings.port = 10000;
  settings.connections = 100;
  settings.duration = 10s;
  return settings;
}

// A hundred connections, and a thousand messages of 64 bytes that take 100 us each, except one.
LoadResults table_results() {
  LoadResults results;
  results.elapsed = 10s;
  results.cpu = 4500ms;
  results.ran = 10s;
  results.waited = ProcessorWait{.time = 20ms, .turns = 1000};
  results.opened = results.most_open = 100;
  for (int connection = 0; connection < 100; ++connection) results.connect.record(50us);
  results.sent = results.received = 1'000;
  results.bytes = 64'000;
  for (int message = 1; message < 1'000; ++message) results.latency.record(100us);
  results.latency.record(20ms);
  return results;
}

std::uint64_t& failures_of(LoadResults& results, Failure failure) {
  return results.failures.at(static_cast<std::size_t>(failure));
}

TEST(FormatReport, PrintsATable) {
  EXPECT_EQ(format_report(table_settings(), table_results()),
            R"(Target        localhost port 10000
Load          100 connections, messages of 64 bytes, 1 in flight per connection,
              for 10s

Elapsed               10.0 s  measured
Connections              100  opened
                         100  open at the same time, at most
                           0  failed
Messages               1,000  sent
                       1,000  received, every byte exact
                           0  lost
Bytes               62.5 KiB  each way
Throughput               100  messages/s
                   6.2 KiB/s  each way
CPU                      45%  of one core, used by this client
                          0%  of the time waiting for a core
Errors                  none  of any kind

                   min     p50     p90     p99   p99.9  p99.99     max    mean
Connect time   50.0 us 50.0 us 50.0 us 50.0 us 50.0 us 50.0 us 50.0 us 50.0 us
Latency         100 us  100 us  100 us  100 us  100 us 20.0 ms 20.0 ms  120 us
)");
}

TEST(FormatReport, ShowsWhatIsKnownOfThePaths) {
  LoadResults results = table_results();
  results.path.add({.retransmits = 1'234}, 1'234);
  EXPECT_TRUE(has(format_report(table_settings(), results), R"(
Network                1,234  segments retransmitted by this client
CPU)"));
  results.path.add({.retransmits = 0, .round_trip = 40us, .congestion_window = 10}, 0);
  results.path.add({.retransmits = 0, .round_trip = 50us, .congestion_window = 20}, 0);
  EXPECT_TRUE(has(format_report(table_settings(), results), R"(
Network                1,234  segments retransmitted by this client
                     45.0 us  smoothed round trip (mean; max 50.0 us)
                          15  segments in the congestion window (mean; min 10)
CPU)"));
}

TEST(FormatReport, CountsSkippedMessagesIfTheyMayBeSkipped) {
  LoadSettings settings = table_settings();
  EXPECT_FALSE(has(format_report(settings, table_results()), "skipped"));
  settings.no_catch_up = true;
  LoadResults results = table_results();
  results.skipped = 7;
  EXPECT_TRUE(has(format_report(settings, results), R"(
                           0  lost
                           7  skipped, because they were late
Bytes)"));
}

TEST(FormatPingSummary, CountsSkippedMessagesAndRetransmits) {
  LoadResults results = table_results();
  results.skipped = 7;
  results.path.retransmits = 2;
  EXPECT_TRUE(has(format_ping_summary(table_settings(), results),
                  "0% lost (7 skipped), time 10000 ms, 2 retransmits\n"))
      << format_ping_summary(table_settings(), results);
}

TEST(FormatReport, HasARowForEachAddress) {
  LoadResults results = table_results();
  for (const char* const address :
       {"127.0.0.1:10000", "[2001:db8:1111:2222:3333:4444:5555:6666]:7", "[::1]:10000"}) {
    results.addresses.push_back({.address = address, .sent = 1'000'001, .received = 1'000'000});
  }
  results.addresses[0].latency.record(100us);
  results.addresses[0].failed = 2;
  results.addresses[0].lost = 3;
  const std::string report = format_report(table_settings(), results);
  EXPECT_EQ(report.substr(report.find("\nAddress")), R"(
Address                   sent   received    lost  failed     p50     p99     max
127.0.0.1:10000      1,000,001  1,000,000       3       2  100 us  100 us  100 us
[2001:db8:1111:2222:3333:4444:5555:6666]:7
                     1,000,001  1,000,000       0       0       -       -       -
[::1]:10000          1,000,001  1,000,000       0       0       -       -       -
)");
}

TEST(FormatReport, CountsConnectionsOfALoadThatOnlyConnects) {
  LoadSettings settings = table_settings();
  settings.connect_only = settings.churn = true;
  LoadResults results = table_results();
  results.sent = 1'002;
  results.lost = 1;
  results.unsent = 5;
  const std::string report = format_report(settings, results);
  EXPECT_TRUE(has(report, R"(
Attempts               1,002  begun
                       1,000  connected
                           1  lost
                           5  requested but not begun
                           1  still in flight
)")) << report;
  EXPECT_TRUE(has(report, "Throughput               100  connections/s\nCPU")) << report;
  EXPECT_FALSE(has(report, "essages")) << report;
  EXPECT_FALSE(has(report, "ytes")) << report;
}

TEST(FormatReport, PrintsEarlierRunsAsOne) {
  LoadResults results = table_results();
  results.cpu = 15s;
  results.earlier = EarlierRuns{.count = 2, .unanswered = 1, .warnings = {"a.json: too slow"}};
  const std::string table = format_report(table_settings(), results);
  EXPECT_NE(table.find("\nLoad          2 runs, 100 connections, "), std::string::npos) << table;
  EXPECT_NE(table.find("\nCPU                     150%  of one core, used by all runs\n"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("\nWarning: a.json: too slow.\n"), std::string::npos) << table;
  EXPECT_NE(table.find("\nErrors                     1  runs without an echo\n"), std::string::npos)
      << table;
}

TEST(FormatReport, OmitsTheSeedOfEarlierRuns) {
  LoadResults results = table_results();
  failures_of(results, Failure::kMismatch) = 1;
  EXPECT_NE(format_report(table_settings(), results).find("\nSeed "), std::string::npos);
  results.earlier = EarlierRuns{.count = 2};
  EXPECT_EQ(format_report(table_settings(), results).find("\nSeed "), std::string::npos);
}

TEST(FormatReport, CountsErrorsByKind) {
  LoadResults results = table_results();
  failures_of(results, Failure::kConnectTimeout) = 12;
  failures_of(results, Failure::kMismatch) = 3;
  results.lost = 1'234;
  const std::string report = format_report(table_settings(), results);
  EXPECT_NE(report.find(R"(Errors                    12  connect timeout
                           3  mismatch
                       1,234  lost messages
)"),
            std::string::npos)
      << report;
  EXPECT_NE(report.find("     15  failed\n"), std::string::npos) << report;
}

TEST(FormatReport, ReportsMessagesInFlightWhenInterrupted) {
  LoadResults results = table_results();
  results.interrupted = true;
  results.sent += 7;
  results.oldest_in_flight = 3s;
  const std::string report = format_report(table_settings(), results);
  EXPECT_NE(report.find("10.0 s  until interrupted\n"), std::string::npos) << report;
  EXPECT_NE(report.find(" 7  still in flight\n"), std::string::npos) << report;
  EXPECT_NE(report.find(" 3.00 s  age of the oldest\n"), std::string::npos) << report;
}

TEST(FormatReport, ReportsUnfinishedWorkAtTheDeadline) {
  LoadResults results = table_results();
  results.is_past_deadline = true;
  results.not_open = 3;
  results.unsent = 20;
  const std::string report = format_report(table_settings(), results);
  EXPECT_NE(report.find("until the deadline\n"), std::string::npos) << report;
  EXPECT_NE(report.find(" 3  not open yet\n"), std::string::npos) << report;
  EXPECT_NE(report.find(" 20  requested but not sent\n"), std::string::npos) << report;
  EXPECT_NE(report.find(" 1  deadline passed\n"), std::string::npos) << report;
}

TEST(FormatReport, ReportsLateResetsAndDeadAddresses) {
  LoadResults results = table_results();
  results.resets_after_echo = 5;
  results.refusals = {"[::1]:7: Connection refused"};
  const std::string report = format_report(table_settings(), results);
  EXPECT_NE(report.find(" 5  reset by the server after the echo\n"), std::string::npos) << report;
  EXPECT_NE(report.find("\nWarning: cannot connect to [::1]:7: Connection refused\n"),
            std::string::npos)
      << report;
}

TEST(FormatStatus, SummarisesTheResultsOnOneLine) {
  LoadResults results = table_results();
  results.phase = LoadResults::Phase::kMeasuring;
  EXPECT_EQ(format_status(table_settings(), results),
            "10.0 s: 1000 messages sent, 1000 received, 0 lost, 0 errors, latency p50 100 us, "
            "max 20.0 ms");
}

TEST(FormatStatus, ReportsTheWaitForConnections) {
  EXPECT_EQ(format_status(table_settings(), LoadResults()),
            "connecting, 0 of 100 open: 0 messages sent, 0 received, 0 lost, 0 errors");
}

TEST(FormatReport, ReportsSendLatenessAtARate) {
  LoadSettings settings = table_settings();
  settings.rate.count = 100;
  LoadResults results = table_results();
  results.lateness.record(5us);
  const std::string line =
      "Sent late      5.00 us 5.00 us 5.00 us 5.00 us 5.00 us 5.00 us 5.00 us 5.00 us\n";
  EXPECT_TRUE(format_report(settings, results).ends_with(line));
  EXPECT_EQ(format_report(table_settings(), results).find("Sent late"), std::string::npos);
}

TEST(FormatReport, IncludesWarnings) {
  LoadResults results = table_results();
  EXPECT_EQ(format_report(table_settings(), results).find("Warning"), std::string::npos);
  results.cpu = 9s;
  EXPECT_NE(format_report(table_settings(), results)
                .find("Warning: this client, not the server, may be the bottleneck.\n"),
            std::string::npos);
}

TEST(FormatReport, PrintsDashesForMissingFigures) {
  EXPECT_TRUE(format_report(table_settings(), {}).ends_with(R"(
Throughput                 -  messages/s
                           -  each way
CPU                        -  of one core, used by this client
Errors                  none  of any kind

                   min     p50     p90     p99   p99.9  p99.99     max    mean
Connect time         -       -       -       -       -       -       -       -
Latency              -       -       -       -       -       -       -       -
)")) << format_report(table_settings(), {});
}

TEST(FormatReport, PrintsTheSeedAfterAMismatch) {
  LoadSettings settings = table_settings();
  settings.seed = 12'345;
  LoadResults results = table_results();
  failures_of(results, Failure::kReset) = 1;
  EXPECT_EQ(format_report(settings, results).find("Seed"), std::string::npos);
  failures_of(results, Failure::kMismatch) = 1;
  EXPECT_NE(format_report(settings, results).find("Seed                   12345  "),
            std::string::npos);
}

TEST(FormatReport, FitsEightyColumns) {
  LoadSettings settings = table_settings();
  settings.host = std::string(255, '\x1b');
  settings.connections = settings.idle = SIZE_MAX;
  settings.count = UINT64_MAX;
  settings.rate.count = 1'000'000'000;
  settings.sizes = {.least = (1U << 30) - 1, .most = 1U << 30};
  settings.seed = Pattern::kMaxSeed;
  LoadResults results = table_results();
  results.sent = results.received = results.bytes = UINT64_MAX;
  results.latency.record(1000h);
  results.lateness.record(99'999us);
  results.failures.fill(UINT64_MAX / kFailures);
  std::istringstream lines(format_report(settings, results));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST(FormatPingSummary, MatchesTheFormatOfPing) {
  LoadResults results;
  results.elapsed = 4003ms;
  results.sent = results.received = 2;
  results.latency.record(45us);
  results.latency.record(67us);
  EXPECT_EQ(format_ping_summary(table_settings(), results),
            "--- localhost port 10000 echo statistics ---\n"
            "2 messages sent, 2 received, 0% lost, time 4003 ms\n"
            "rtt min/avg/max/mdev = 0.045/0.056/0.067/0.011 ms\n");
}

TEST(FormatPingSummary, OmitsRoundTripsWithoutAnswers) {
  LoadResults results;
  results.elapsed = 1s;
  results.sent = results.lost = 1;
  failures_of(results, Failure::kReset) = 1;
  EXPECT_EQ(format_ping_summary(table_settings(), results),
            "--- localhost port 10000 echo statistics ---\n"
            "1 message sent, 0 received, 100% lost, time 1000 ms, 1 error\n");
}

TEST(FormatPingSummary, CountsMessagesInFlightAsLost) {
  LoadResults results;
  results.sent = 4;
  results.received = 2;
  results.lost = 1;
  EXPECT_EQ(format_ping_summary(table_settings(), results),
            "--- localhost port 10000 echo statistics ---\n"
            "4 messages sent, 2 received, 50% lost (1 in flight), time 0 ms\n");
}

TEST(FormatPingSummary, EscapesAHostileName) {
  LoadSettings settings = table_settings();
  settings.host = "\x1b[2J";
  EXPECT_TRUE(format_ping_summary(settings, {}).starts_with("--- \\x1b[2J port 10000 echo"));
}

}  // namespace
}  // namespace echo
