#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/false_server.h"
#include "support/program.h"
#include "support/temporary_file.h"
#include "support/text.h"

// The results of several clients are merged as if one client had measured.
namespace echo::test {
namespace {

std::vector<std::string> measuring_at(std::uint16_t port, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-4", "--json", "--quiet", "-t1m"});
  return at_port(port, std::move(arguments));
}

// Returns the first whole number with this name.
std::uint64_t figure(const std::string& json, const std::string& name) {
  const std::string key = '"' + name + "\":";
  const std::size_t place = json.find(key);
  if (place == std::string::npos) throw std::runtime_error("no " + name + ": " + json);
  return std::stoull(json.substr(place + key.size()));
}

// The results of two clients that measured the same server at the same time.
class Merging : public testing::Test {
 protected:
  Merging() {
    const std::vector<std::string> arguments =
        measuring_at(server_.port(), {"-c5", "-D200ms", "-r", "2000"});
    Program one(ECHO_CLIENT, arguments);
    Program other(ECHO_CLIENT, arguments);
    for (Program* client : {&one, &other}) EXPECT_EQ(client->wait_for_exit(), 0);
    results_ = {one.output_text(), other.output_text()};
  }

  Outcome merge(const std::vector<std::string>& options) const {
    const TemporaryFile one(results_[0]);
    const TemporaryFile other(results_[1]);
    std::vector<std::string> arguments{"--merge", one.path(), other.path()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(ECHO_CLIENT, arguments);
  }

  ServerProgram server_;
  std::vector<std::string> results_;
};

TEST_F(Merging, AddsUpTheResultsOfTwoClients) {
  const Outcome merged = merge({"--json"});
  EXPECT_EQ(merged.status, 0) << merged.error;
  for (const char* const name : {"connections", "opened", "open_at_most", "sent", "received",
                                 "bytes", "cpu_ns", "sent_late"}) {
    EXPECT_EQ(figure(merged.output, name), figure(results_[0], name) + figure(results_[1], name))
        << name;
  }
  EXPECT_TRUE(has(merged.output, R"("rate":{"count":4000,)")) << merged.output;
  EXPECT_TRUE(has(merged.output, R"("runs":2,)")) << merged.output;
  EXPECT_TRUE(has(merged.output, R"("exact":true,)")) << merged.output;
}

TEST_F(Merging, HasPercentilesBetweenThoseOfItsParts) {
  const std::string merged = merge({"--json"}).output;
  // The latency follows the connect time.
  const auto of_latency = [](const std::string& json, const std::string& name) {
    return figure(json.substr(json.find("\"latency\":")), name);
  };
  for (const char* const name : {"mean_ns", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns"}) {
    const auto [least, most] =
        std::minmax({of_latency(results_[0], name), of_latency(results_[1], name)});
    EXPECT_GE(of_latency(merged, name), least) << name;
    EXPECT_LE(of_latency(merged, name), most + most / 1000) << name;  // The width of a bucket.
  }
  EXPECT_EQ(of_latency(merged, "min_ns"),
            std::min(of_latency(results_[0], "min_ns"), of_latency(results_[1], "min_ns")));
  EXPECT_EQ(of_latency(merged, "max_ns"),
            std::max(of_latency(results_[0], "max_ns"), of_latency(results_[1], "max_ns")));
}

TEST_F(Merging, LastsAtLeastAsLongAsEachPart) {
  const std::uint64_t elapsed = figure(merge({"--json"}).output, "elapsed_ns");
  for (const std::string& part : results_) EXPECT_GE(elapsed, figure(part, "elapsed_ns"));
}

TEST_F(Merging, PrintsATableWithAPlot) {
  const Outcome merged = merge({"--histogram", "--ascii"});
  EXPECT_EQ(merged.status, 0) << merged.error;
  EXPECT_TRUE(has(merged.output, "\nLoad          2 runs, 10 connections, ")) << merged.output;
  EXPECT_TRUE(has(merged.output, "#")) << merged.output;
}

TEST_F(Merging, CanBeMergedAgain) {
  const TemporaryFile first(results_[0]);
  const TemporaryFile again(run(ECHO_CLIENT, {"--merge", "--json", first.path()}).output);
  const TemporaryFile other(results_[1]);
  const Outcome merged = run(ECHO_CLIENT, {"--merge", "--json", other.path(), again.path()});
  EXPECT_EQ(merged.status, 0) << merged.error;
  EXPECT_TRUE(has(merged.output, R"("runs":2,)")) << merged.output;
  EXPECT_EQ(figure(merged.output, "sent"),
            figure(results_[0], "sent") + figure(results_[1], "sent"));
}

TEST_F(Merging, CountsNoRunTwice) {
  const TemporaryFile one(results_[0]);
  const TemporaryFile copy(results_[0]);
  const Outcome merged = run(ECHO_CLIENT, {"--merge", one.path(), copy.path()});
  EXPECT_EQ(merged.status, 1);
  EXPECT_EQ(merged.error, std::string("echo_client: cannot merge '")
                              .append(copy.path())
                              .append("': its run is already in '")
                              .append(one.path())
                              .append("'\n"));
}

TEST_F(Merging, RefusesOtherSettings) {
  Program other(ECHO_CLIENT, measuring_at(server_.port(), {"-n1", "-s128"}));
  EXPECT_EQ(other.wait_for_exit(), 0);
  results_[1] = other.output_text();
  const Outcome merged = merge({});
  EXPECT_EQ(merged.status, 1);
  EXPECT_EQ(merged.output, "");
  EXPECT_TRUE(matches(merged.error,
                      "echo_client: cannot merge '.*': its count is 1, but in '.*' it is null\n"))
      << merged.error;
}

TEST(MergingFiles, ReadsAPipe) {
  const ServerProgram server;
  const std::string json = run(ECHO_CLIENT, measuring_at(server.port(), {"-n5"})).output;
  const Outcome merged = run(ECHO_CLIENT, {"--merge", "/dev/stdin"}, json);
  EXPECT_EQ(merged.status, 0) << merged.error;
  EXPECT_TRUE(has(merged.output, "\nMessages                   5  sent\n")) << merged.output;
}

TEST(MergingFiles, ReportsTheFailuresOfAPart) {
  const DeadPort dead;
  const TemporaryFile failed(run(ECHO_CLIENT, measuring_at(dead.port(), {"-n5"})).output);
  const Outcome merged = run(ECHO_CLIENT, {"--merge", failed.path()});
  EXPECT_EQ(merged.status, 1);
  EXPECT_TRUE(has(merged.error, "error: " + failed.path() + ": connection 1: ")) << merged.error;
  EXPECT_TRUE(has(merged.output, "\nErrors                     1  connect\n")) << merged.output;
}

TEST(MergingFiles, RefusesAFileWithoutResults) {
  const TemporaryFile text(R"({"format":"echo_client-load","version":2,"error":"no host"})");
  const std::vector<std::pair<std::string, std::string>> files{
      {text.path(), "no results: no host"},
      {"/nonexistent", "No such file or directory"},
      {"/", "Is a directory"},
      {"/dev/null", "not JSON at offset 0: the text ends early"},
      {"/dev/zero", "larger than 16.0 MiB"}};
  for (const auto& [path, reason] : files) {
    const std::string error = std::string("cannot merge '").append(path).append("': ") + reason;
    const Outcome refused = run(ECHO_CLIENT, {"--merge", path});
    EXPECT_EQ(refused.status, 1);
    EXPECT_EQ(refused.output, "");
    EXPECT_EQ(refused.error, "echo_client: " + error + "\n");
    const Outcome as_json = run(ECHO_CLIENT, {"--merge", "--json", path});
    EXPECT_EQ(as_json.output,
              R"({"format":"echo_client-load","version":2,"error":")" + error + "\"}\n");
  }
}

}  // namespace
}  // namespace echo::test
