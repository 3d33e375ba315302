#include "echo/report/merged_run.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "echo/base/time.h"
#include "echo/load/load_settings.h"
#include "echo/os/endpoint.h"
#include "echo/report/json_results.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

using Warnings = std::vector<std::string>;

EndedRun run_with(const LoadSettings& settings) {
  EndedRun run{.settings = settings, .results = {}};
  run.results.earlier.emplace();
  return run;
}

// Each run has another seed.
EndedRun run_from(Duration begin, Duration elapsed) {
  static std::uint64_t seed = 0;
  EndedRun run = run_with({});
  run.settings.seed = ++seed;
  run.results.begin = WallTime{std::chrono::duration_cast<WallTime::duration>(1'000'000s + begin)};
  run.results.elapsed = elapsed;
  return run;
}

EndedRun merged_of(const EndedRun& one, const EndedRun& other) {
  MergedRun merged;
  merged.add("a.json", one);
  merged.add("b.json", other);
  return merged.finish();
}

TEST(MergedRun, IsTheOnlyRun) {
  MergedRun merged;
  merged.add("a.json", run_from(0s, 1s));
  EXPECT_EQ(merged.finish().results.elapsed, 1s);
  EXPECT_EQ(merged.finish().results.earlier->warnings, Warnings{});
}

TEST(MergedRun, AddsConnectionsAndRates) {
  LoadSettings settings;
  settings.connections = 50;
  settings.idle = 7;
  settings.rate.count = 1000;
  settings.seed = 1;
  LoadSettings other = settings;
  other.connections = 20;
  other.idle = 1;
  other.rate.count = 500;
  other.seed = 2;
  const LoadSettings merged = merged_of(run_with(settings), run_with(other)).settings;
  EXPECT_EQ(merged.connections, 70U);
  EXPECT_EQ(merged.idle, 8U);
  EXPECT_EQ(merged.rate.count, 1500U);
  EXPECT_EQ(merged.seed, 1U);
}

std::string refusal_of(const LoadSettings& one, const LoadSettings& other) {
  try {
    merged_of(run_with(one), run_with(other));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

TEST(MergedRun, RefusesOtherSettings) {
  const LoadSettings first;
  LoadSettings other = first;
  other.sizes.most = 128;
  EXPECT_EQ(refusal_of(first, other), "its size_most is 128, but in 'a.json' it is 64");
  other = first;
  other.host = "example.net";
  EXPECT_EQ(refusal_of(first, other),
            R"(its host is "example.net", but in 'a.json' it is "localhost")");
  other = first;
  other.duration = 1s;
  EXPECT_EQ(refusal_of(first, other), "its duration_ns is 1000000000, but in 'a.json' it is null");
}

TEST(MergedRun, RefusesARateWithAnotherPeriod) {
  LoadSettings first;
  first.rate = {.count = 5, .period = 1s};
  LoadSettings other = first;
  other.rate = {.count = 7, .period = 60s};
  EXPECT_EQ(refusal_of(first, other),
            R"(its rate is {"count":7,"per_ns":60000000000}, but in 'a.json' )"
            R"(it is {"count":5,"per_ns":1000000000})");
  other.rate = {};
  EXPECT_EQ(refusal_of(first, other),
            R"(its rate is null, but in 'a.json' it is {"count":5,"per_ns":1000000000})");
}

TEST(MergedRun, RefusesTheSameRunAgain) {
  MergedRun merged;
  merged.add("a.json", run_from(0s, 1s));
  const EndedRun twice = run_from(0s, 1s);
  merged.add("b.json", twice);
  try {
    merged.add("c.json", twice);
    ADD_FAILURE() << "the run counts twice";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "its run is already in 'b.json'");
  }
}

TEST(MergedRun, AcceptsOtherLocalAddressesAndPaths) {
  LoadSettings first;
  first.origin.addresses = {parse_address("127.0.0.1")};
  first.origin.device = "lo";
  first.family = AF_INET;
  first.data_file = "here";
  LoadSettings other;
  other.data_file = "there";
  EXPECT_EQ(refusal_of(first, other), "none");
}

TEST(MergedRun, NamesTheFileOfEachWarningAndFailure) {
  EndedRun run = run_with({});
  run.results.earlier->warnings = {"too slow"};
  run.results.failure_texts = {"connection 1: reset"};
  MergedRun merged;
  merged.add("a.json", run);
  merged.add("b\x1b.json", run);
  EXPECT_EQ(merged.finish().results.earlier->warnings,
            (Warnings{"a.json: too slow", "b\\x1b.json: too slow"}));
  EXPECT_EQ(merged.finish().results.failure_texts,
            (Warnings{"a.json: connection 1: reset", "b\\x1b.json: connection 1: reset"}));
}

TEST(MergedRun, WarnsIfTheRunsHardlyOverlap) {
  const auto warnings_for = [](const EndedRun& one, const EndedRun& other) {
    return merged_of(one, other).results.earlier->warnings;
  };
  EXPECT_EQ(warnings_for(run_from(0s, 10s), run_from(0s, 9s)), Warnings{});
  EXPECT_EQ(warnings_for(run_from(0s, 10s), run_from(1s, 8999ms)),
            Warnings{"the runs overlap for only 90% of the elapsed time"});
  EXPECT_EQ(warnings_for(run_from(5s, 10s), run_from(0s, 10s)),
            Warnings{"the runs overlap for only 33.3% of the elapsed time"});
  EXPECT_EQ(warnings_for(run_from(0s, 10s), run_from(20s, 10s)),
            Warnings{"the runs overlap for only 0% of the elapsed time"});
}

TEST(MergedRun, DoesNotJudgeTheOverlapWithoutTheTimeOfDay) {
  EndedRun older = run_from(0s, 1s);
  older.results.begin.reset();
  EXPECT_EQ(merged_of(run_from(0s, 10s), older).results.earlier->warnings, Warnings{});
}

}  // namespace
}  // namespace echo
