#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "echo/base/time.h"
#include "support/false_server.h"
#include "support/program.h"
#include "support/temporary_file.h"
#include "support/test_peer.h"
#include "support/text.h"

// No figure of the client misleads, in any output format: with few or no samples, at a rate that
// was not kept, and if the load cannot begin.
namespace echo::test {
namespace {

constexpr std::size_t kMessageSize = 64;

std::vector<std::string> at_ipv4(std::uint16_t port, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-4", "-t1m"});
  return at_port(port, std::move(arguments));
}

// Returns the first message that a client with these arguments sends.
std::string first_message(const std::vector<std::string>& arguments) {
  FalseServer server;
  std::vector<std::string> all = arguments;
  all.insert(all.end(), {"-n1", "--json"});
  Program client(ECHO_CLIENT, at_ipv4(server.port(), all));
  const TestPeer peer = server.accept();
  std::string text = peer.receive(kMessageSize);
  peer.send(text);
  peer.shut_down_sending();
  EXPECT_EQ(client.wait_for_exit(), 0) << client.error_text();
  return text;
}

TEST(Figures, DetectTheEchoOfAnotherProcess) {
  FalseServer server;
  const std::vector<std::string> arguments = at_ipv4(server.port(), {"-n1", "--json"});
  Program one(ECHO_CLIENT, arguments);
  Program other(ECHO_CLIENT, arguments);
  const TestPeer first = server.accept();
  const TestPeer second = server.accept();
  const std::string from_first = first.receive(kMessageSize);
  first.send(second.receive(kMessageSize));
  second.send(from_first);
  for (Program* client : {&one, &other}) {
    EXPECT_EQ(client->wait_for_exit(), 1);
    EXPECT_TRUE(has(client->output_text(), "\"mismatch\":1")) << client->output_text();
  }
}

TEST(Figures, UseTheSameBytesForTheSameSeed) {
  EXPECT_EQ(first_message({"--seed=7"}), first_message({"--seed=7"}));
  EXPECT_NE(first_message({"--seed=7"}), first_message({"--seed=8"}));
}

TEST(Figures, IncludeTheSeedThatRepeatsTheBytes) {
  FalseServer server;
  Program client(ECHO_CLIENT, at_ipv4(server.port(), {"-n1", "--json"}));
  const TestPeer peer = server.accept();
  const std::string text = peer.receive(kMessageSize);
  peer.send(text);
  peer.shut_down_sending();
  EXPECT_EQ(client.wait_for_exit(), 0) << client.error_text();
  const auto seed = first_groups_in(client.output_text(), R"x("seed":(\d+)\})x");
  ASSERT_EQ(seed.size(), 1U) << client.output_text();
  EXPECT_EQ(first_message({"--seed", seed.front()}), text);
}

TEST(Figures, AreNullInJsonWithoutSamples) {
  const DeadPort dead;
  const Outcome client = run(ECHO_CLIENT, at_ipv4(dead.port(), {"-n", "10", "--json"}));
  EXPECT_EQ(client.status, 1);
  for (const char* const name : {"min", "mean", "mdev", "p50", "p99_99", "max"}) {
    const std::string member = "\"" + std::string(name) + "_ns\":";
    EXPECT_TRUE(has(client.output, member + "null")) << client.output;
    EXPECT_FALSE(has(client.output, member + "0")) << client.output;
  }
}

TEST(Figures, AreDashesInATableWithoutSamples) {
  const DeadPort dead;
  const Outcome client = run(ECHO_CLIENT, at_ipv4(dead.port(), {"-n", "10"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_TRUE(has(client.output, "\nLatency              -       -       -")) << client.output;
}

// Returns the values of a column.
std::vector<std::string> column(const std::string& csv, const std::string& name) {
  std::istringstream lines(csv);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  const auto index = std::find(rows.at(0).begin(), rows.at(0).end(), name) - rows.at(0).begin();
  std::vector<std::string> values;
  for (auto row = rows.begin() + 1; row != rows.end(); ++row) {
    values.push_back(row->at(static_cast<std::size_t>(index)));
  }
  return values;
}

std::uint64_t sum_of(const std::vector<std::string>& values) {
  std::uint64_t sum = 0;
  for (const std::string& value : values) sum += std::stoull(value);
  return sum;
}

// A lost message counts once, although many connections fail.
TEST(Figures, SeparateLostMessagesFromFailuresInCsv) {
  const DeadPort dead;
  const Outcome client = run(
      ECHO_CLIENT,
      at_ipv4(dead.port(), {"-r100", "-c5", "-D500ms", "--reconnect", "--csv", "--sample=100ms"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_GT(sum_of(column(client.output, "lost")), 0U) << client.output;
  EXPECT_EQ(sum_of(column(client.output, "lost")), sum_of(column(client.output, "due")))
      << client.output;
  EXPECT_LE(sum_of(column(client.output, "due")), 50U) << client.output;
  EXPECT_GE(sum_of(column(client.output, "failed")), 5U) << client.output;
}

TEST(Figures, IncludeTheWallClockTimeInCsv) {
  ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT, at_ipv4(server.port(), {"-D50ms", "--csv", "--sample=10ms"}));
  EXPECT_EQ(client.status, 0) << client.error;
  const std::vector<std::string> times = column(client.output, "time");
  ASSERT_GE(times.size(), 2U);
  for (const std::string& time : times) {
    EXPECT_TRUE(matches(time, R"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")) << time;
  }
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

TEST(Figures, IncludeSamplesInJsonOnRequest) {
  ServerProgram server;
  const std::vector<std::string> arguments = at_ipv4(server.port(), {"-D50ms", "--json"});
  EXPECT_TRUE(has(run(ECHO_CLIENT, arguments).output, "\"samples\":null}"));
  std::vector<std::string> with_samples = arguments;
  with_samples.emplace_back("--sample=10ms");
  const std::string json = run(ECHO_CLIENT, with_samples).output;
  EXPECT_TRUE(has(json, R"("samples":[{"time":")")) << json;
  std::uint64_t messages = 0;
  for (const std::string& count :
       first_groups_in(json.substr(json.find(R"("samples")")), R"("messages":(\d+))")) {
    messages += std::stoull(count);
  }
  EXPECT_TRUE(has(json, "\"received\":" + std::to_string(messages) + ",")) << json;
}

// Runs a client with a message scheduled every millisecond, of which only one may be in flight. The
// server delays its first answer by 150 ms.
Outcome run_at_missed_rate(const std::vector<std::string>& format) {
  FalseServer server;
  std::vector<std::string> arguments{"-r1000", "-P1", "-n100"};
  arguments.insert(arguments.end(), format.begin(), format.end());
  Program client(ECHO_CLIENT, at_ipv4(server.port(), arguments));
  const TestPeer peer = server.accept();
  const std::string first = peer.receive(kMessageSize);
  // All later messages are scheduled before the first answer.
  const Time answer = Clock::now() + std::chrono::milliseconds{150};
  wait_until([&] { return Clock::now() >= answer; });
  peer.send(first);
  for (int message = 1; message < 100; ++message) peer.send(peer.receive(kMessageSize));
  peer.shut_down_sending();
  const int status = client.wait_for_exit();
  return {.status = status, .output = client.output_text(), .error = client.error_text()};
}

TEST(Figures, WarnAboutAMissedRateInATable) {
  const Outcome client = run_at_missed_rate({});
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_TRUE(has(client.output, "Warning: the rate was not kept: ")) << client.output;
  EXPECT_EQ(client.error, "");
}

TEST(Figures, WarnOnStandardErrorForJsonAndCsv) {
  for (const char* const format : {"--json", "--csv"}) {
    const Outcome client = run_at_missed_rate({format});
    EXPECT_TRUE(has(client.error, "warning: the rate was not kept: ")) << client.error;
    const Outcome quiet = run_at_missed_rate({format, "--quiet"});
    EXPECT_EQ(quiet.error, "");
  }
}

TEST(Figures, WarnAboutAWaitForAProcessorInATable) {
  if (run("sh", {"-c", "command -v taskset"}).status != 0) GTEST_SKIP() << "taskset is missing";
  ServerProgram server;
  cpu_set_t first{};
  CPU_SET(0, &first);
  if (::sched_setaffinity(server.pid(), sizeof first, &first) != 0)
    GTEST_SKIP() << "no processor 0";
  std::vector<std::string> command{"-c", "0", ECHO_CLIENT};
  for (const std::string& each : at_ipv4(server.port(), {"-c", "50", "-D", "300ms"})) {
    command.push_back(each);
  }
  const Outcome client = run("taskset", command);
  EXPECT_TRUE(has(client.output, "Warning: this client waited for a core ")) << client.output;
}

TEST(Figures, ReportUnfinishedMessagesAfterTheDeadline) {
  for (const char* const format : {"--histogram", "--json", "--csv", "-I1s"}) {
    const FalseServer silent;
    const Outcome client =
        run(ECHO_CLIENT, at_ipv4(silent.port(), {"-n2", "--deadline", "100ms", format}));
    EXPECT_EQ(client.status, 1);
    EXPECT_TRUE(
        has(client.error, "error: not finished within 100ms: messages unanswered: 1, not sent: 1"))
        << format << ": " << client.error;
  }
}

TEST(Figures, IncludeWarningsInJson) {
  const Outcome client = run_at_missed_rate({"--json", "--quiet"});
  EXPECT_TRUE(has(client.output, R"("the rate was not kept: )")) << client.output;
  const auto late = first_groups_in(client.output, R"("sent_late":(\d+))");
  ASSERT_EQ(late.size(), 1U);
  EXPECT_GE(std::stoull(late.front()), 90U);
}

// A label of 64 characters is invalid (RFC 1035, section 2.3.4), so the resolver sends no query.
TEST(Figures, ContainTheJsonErrorIfTheLoadFails) {
  const std::string host(64, 'x');
  const Outcome client = run(ECHO_CLIENT, {"-H", host, "-n1", "--json"});
  EXPECT_EQ(client.status, 1);
  EXPECT_TRUE(has(client.error, "echo_client: cannot resolve host '" + host + "'"));
  EXPECT_TRUE(client.output.starts_with(
      R"({"format":"echo_client-load","version":2,"error":"cannot resolve host ')" + host))
      << client.output;
  EXPECT_TRUE(client.output.ends_with("\"}\n"));
  EXPECT_EQ(run(ECHO_CLIENT, {"-H", host, "-n1"}).output, "");
}

TEST(Figures, ContainMetricsOfTheErrorIfTheLoadFails) {
  const std::string host(64, 'x');
  const Outcome client = run(ECHO_CLIENT, {"-H", host, "-n1", "--openmetrics"});
  EXPECT_EQ(client.status, 1);
  EXPECT_TRUE(has(client.output, "\necho_client_exact{host=\"" + host + "\",port=\"10000\"} 0\n"))
      << client.output;
  EXPECT_TRUE(client.output.ends_with("\n# EOF\n")) << client.output;
}

TEST(Figures, AreCompleteMetrics) {
  ServerProgram server;
  const Outcome client = run(ECHO_CLIENT, at_ipv4(server.port(), {"-n9", "--openmetrics"}));
  EXPECT_EQ(client.status, 0) << client.error;
  const std::string labels = R"({host="localhost",port=")" + std::to_string(server.port()) + "\"}";
  EXPECT_TRUE(client.output.starts_with("# HELP ")) << client.output;
  EXPECT_TRUE(has(client.output, "\necho_client_messages_received" + labels + " 9\n"))
      << client.output;
  EXPECT_TRUE(client.output.ends_with("\n# EOF\n")) << client.output;
}

TEST(Figures, AreMetricsThatPrometheusParsesAlikeInBothFormats) {
  if (run("python3", {"-c", "import prometheus_client"}).status != 0) {
    GTEST_SKIP() << "prometheus_client is missing";
  }
  ServerProgram server;
  const Outcome client = run(ECHO_CLIENT, at_ipv4(server.port(), {"-n9", "--openmetrics"}));
  const std::string compare = R"(
import sys
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics
text = sys.stdin.read()
def read(parse): return [(metric.type, metric.samples) for metric in parse(text)]
metrics = read(parser.text_string_to_metric_families)
print(len(metrics), metrics == read(openmetrics.text_string_to_metric_families))
)";
  const Outcome python = run("python3", {"-c", compare}, client.output);
  EXPECT_EQ(python.output, "13 True\n") << client.output << python.error;
}

TEST(Figures, AreOneObjectIfThePictureFails) {
  ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT, at_ipv4(server.port(), {"-n1", "--json", "--svg", "/dev/full"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_EQ(std::count(client.output.begin(), client.output.end(), '\n'), 1);
  EXPECT_FALSE(has(client.output, "\"error\""));
}

TEST(Figures, RejectAPictureInTheResultsFile) {
  const TemporaryFile file("before");
  Program client(ECHO_CLIENT, {"-n1", "--csv", "--svg", file.path()},
                 {.standard_output = file.path()});
  EXPECT_EQ(client.wait_for_exit(), 2);
  EXPECT_TRUE(has(client.error_text(),
                  "--svg: '" + file.path() + "' is standard output, which carries the results"))
      << client.error_text();
  const Outcome piped = run(ECHO_CLIENT, {"-n1", "--svg", "/dev/stdout"});
  EXPECT_EQ(piped.status, 2);
  EXPECT_EQ(piped.output, "");
}

// Returns the total count of a distribution that --hdr has written; 0 if it is incomplete.
std::uint64_t total_count(const std::string& distribution) {
  const auto counts = first_groups_in(
      distribution, R"(\n#\[Max     = +[0-9.]+, Total count    = +(\d+)\]\n#\[Buckets)");
  return counts.size() == 1 ? std::stoull(counts.front()) : 0;
}

// Returns the value of the line of a percentile, in milliseconds.
double value_at(const std::string& distribution, const std::string& fraction) {
  const auto values = first_groups_in(distribution, R"(\n +([0-9.]+) )" + fraction + "0* ");
  return values.size() == 1 ? std::stod(values.front()) : 0;
}

TEST(Figures, IncludeADistributionInEachFormat) {
  ServerProgram server;
  for (const char* const format : {"--histogram", "--json", "--csv", "-I1ms"}) {
    const TemporaryFile file("old");
    const Outcome client =
        run(ECHO_CLIENT, at_ipv4(server.port(), {"-n20", "--hdr", file.path(), format}));
    EXPECT_EQ(client.status, 0) << client.error;
    EXPECT_TRUE(file.contents().starts_with("        Value     Percentile ")) << file.contents();
    EXPECT_EQ(total_count(file.contents()), 20U) << format << ": " << file.contents();
  }
}

TEST(Figures, CountFromTheScheduleInADistribution) {
  const TemporaryFile file;
  EXPECT_EQ(run_at_missed_rate({"--hdr", file.path()}).status, 0);
  // The messages wait for 150 to 50 ms; from their sending on, they take less than a millisecond.
  EXPECT_GE(value_at(file.contents(), "0\\.1"), 50) << file.contents();
}

TEST(Figures, IncludeADistributionAfterASignal) {
  FalseServer server;
  const TemporaryFile file;
  Program client(ECHO_CLIENT, at_ipv4(server.port(), {"-n9", "--hdr", file.path()}));
  const TestPeer peer = server.accept();
  peer.send(peer.receive(kMessageSize));
  // The client sends its second message after it has recorded the first.
  peer.receive(kMessageSize);
  client.signal(SIGTERM);
  EXPECT_EQ(client.wait_for_exit(), 143);
  EXPECT_EQ(total_count(file.contents()), 1U) << file.contents();
}

TEST(Figures, IncludeAnEmptyDistributionIfNoEchoWasReceived) {
  const DeadPort dead;
  const TemporaryFile file;
  EXPECT_EQ(run(ECHO_CLIENT, at_ipv4(dead.port(), {"-n1", "--hdr", file.path()})).status, 1);
  EXPECT_TRUE(has(file.contents(), "Total count    =            0]\n")) << file.contents();
}

TEST(Figures, RejectADistributionInThePicture) {
  const TemporaryFile file;
  const Outcome client =
      run(ECHO_CLIENT, {"-n1", "--svg", file.path(), "--hdr", "/tmp/.." + file.path()});
  EXPECT_EQ(client.status, 2);
  EXPECT_EQ(client.error,
            "echo_client: --hdr: '/tmp/.." + file.path() + "' is also the file of --svg\n");
}

TEST(Figures, MayShareADeviceWithThePicture) {
  ServerProgram server;
  Program client(ECHO_CLIENT, at_ipv4(server.port(), {"-n1", "--svg", "/dev/null"}),
                 {.standard_output = "/dev/null"});
  EXPECT_EQ(client.wait_for_exit(), 0) << client.error_text();
}

}  // namespace
}  // namespace echo::test
