#include "echo/report/progress.h"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "support/environment.h"
#include "support/log_pipe.h"
#include "support/socket_pair.h"
#include "support/terminal.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

LoadSettings settings_with(std::uint64_t count, Duration duration) {
  LoadSettings settings;
  settings.connections = 10;
  settings.count = count;
  settings.duration = duration;
  return settings;
}

LoadResults results_after(Duration elapsed, std::uint64_t received) {
  LoadResults results;
  results.phase = LoadResults::Phase::kMeasuring;
  results.opened = 10;
  results.elapsed = elapsed;
  results.sent = results.received = received;
  results.latency.record(42us);
  return results;
}

// The output if only these results are shown.
std::string shown(const LoadSettings& settings, const LoadResults& results) {
  test::LogPipe pipe;
  Progress(pipe.fd(), settings).show(results);
  return pipe.text();
}

// The line without its control characters.
std::string line_of(const std::string& drawn) {
  const std::size_t end = drawn.find("\x1b[K");
  return drawn.substr(1, end - 1);
}

TEST(Progress, RedrawsItsLine) {
  LoadResults results = results_after(2s, 500);
  results.failures[0] = 2;
  results.lost = 1;
  EXPECT_EQ(shown(settings_with(100, 0s), results),
            "\r50%, 250 messages/s, p50 42.0 us, p99 42.0 us, 3 errors\x1b[K");
}

TEST(Progress, ShowsConnectingAndWarmup) {
  LoadResults results;
  results.open = results.opened = 3;
  EXPECT_EQ(shown(settings_with(100, 0s), results), "\rconnecting, 3 of 10 open, 0 errors\x1b[K");
  results.phase = LoadResults::Phase::kWarmup;
  EXPECT_EQ(shown(settings_with(100, 0s), results), "\rwarming up, 0 errors\x1b[K");
}

TEST(Progress, ShowsDashesForMissingFigures) {
  LoadResults measuring;
  measuring.phase = LoadResults::Phase::kMeasuring;
  measuring.open = measuring.opened = 10;
  EXPECT_TRUE(shown(settings_with(0, 9s), measuring)
                  .starts_with("\r9s left, - messages/s, p50 -, p99 -, 0 errors"));
}

TEST(Progress, CountsLostMessagesAsFinished) {
  LoadResults results = results_after(1s, 500);
  results.lost = 250;
  EXPECT_TRUE(shown(settings_with(100, 0s), results).starts_with("\r75%, "));
}

TEST(Progress, ShowsTheRemainingTime) {
  EXPECT_TRUE(shown(settings_with(0, 90s), results_after(1s, 1)).starts_with("\r1m29s left, "));
  EXPECT_TRUE(shown(settings_with(0, 9s), results_after(8500ms, 1)).starts_with("\r1s left, "));
  EXPECT_TRUE(shown(settings_with(0, 9s), results_after(10s, 1)).starts_with("\r0s left, "));
}

TEST(Progress, FollowsTheLimitReachedFirst) {
  EXPECT_TRUE(shown(settings_with(100, 10s), results_after(1s, 200)).starts_with("\r20%, "));
  EXPECT_TRUE(shown(settings_with(100, 10s), results_after(5s, 200)).starts_with("\r5s left, "));
}

TEST(Progress, ShowsTheElapsedTimeWithoutALimit) {
  EXPECT_TRUE(shown(settings_with(0, 0s), results_after(61s, 1)).starts_with("\r1m1s, "));
}

TEST(Progress, ShowsTheRateSinceTheLastUpdate) {
  test::LogPipe pipe;
  Progress progress(pipe.fd(), settings_with(0, 0s));
  progress.show(results_after(1s, 1000));
  EXPECT_TRUE(pipe.has("1,000 messages/s"));
  progress.show(results_after(3s, 1500));
  EXPECT_TRUE(pipe.has("250 messages/s"));
}

TEST(Progress, ClearsOnlyAVisibleLine) {
  test::LogPipe pipe;
  Progress progress(pipe.fd(), settings_with(0, 0s));
  progress.clear();
  EXPECT_EQ(pipe.text(), "");
  progress.show(results_after(1s, 1));
  const std::string drawn = pipe.text();
  progress.clear();
  EXPECT_EQ(pipe.text(), drawn + "\r\x1b[K");
  progress.clear();
  EXPECT_EQ(pipe.text(), drawn + "\r\x1b[K");
}

TEST(Progress, IgnoresWriteErrors) {
  Progress progress(-1, settings_with(0, 0s));
  EXPECT_NO_THROW(progress.show(results_after(1s, 1)));
  EXPECT_NO_THROW(progress.clear());
}

// The line on a terminal of that width in columns; 0: the width is unknown.
std::string shown_on_terminal(unsigned short columns) {
  const test::Terminal tty;
  winsize size{};
  size.ws_col = columns;
  EXPECT_EQ(::ioctl(tty.terminal.get(), TIOCSWINSZ, &size), 0);
  Progress(tty.terminal.get(), settings_with(100, 0s)).show(results_after(2s, 500));
  EXPECT_TRUE(test::wait_readable(tty.user.get()));
  std::array<char, 200> drawn{};
  const ssize_t length = ::read(tty.user.get(), drawn.data(), drawn.size());
  return length > 0 ? line_of({drawn.data(), static_cast<std::size_t>(length)}) : "";
}

TEST(Progress, FitsTheTerminalWidth) {
  if (!test::Terminal().terminal) GTEST_SKIP() << "no pseudo-terminal is available";
  const std::string whole = "50%, 250 messages/s, p50 42.0 us, p99 42.0 us, 0 errors";
  EXPECT_EQ(shown_on_terminal(0), whole);
  EXPECT_EQ(shown_on_terminal(56), whole);
  EXPECT_EQ(shown_on_terminal(55), "50%, 250 messages/s, p50 42.0 us, p99 42.0 us");
  EXPECT_EQ(shown_on_terminal(25), "50%, 250 messages/s");
  EXPECT_EQ(shown_on_terminal(1), "");
}

TEST(Progress, DoesNotBlockOnAnUnreadTerminal) {
  const test::Terminal tty;
  if (!tty.terminal) GTEST_SKIP() << "no pseudo-terminal is available";
  Progress progress(tty.terminal.get(), settings_with(100, 0s));
  for (int time = 0; time < 2000; ++time) progress.show(results_after(2s, 500));
}

TEST(Progress, IsWantedOnACapableTerminal) {
  const test::Terminal tty;
  if (!tty.terminal) GTEST_SKIP() << "no pseudo-terminal is available";
  for (const char* const terminal : {"xterm", static_cast<const char*>(nullptr)}) {
    const test::Environment environment{{"TERM", terminal}};
    EXPECT_TRUE(Progress::wanted(tty.terminal.get()));
  }
  const test::Environment dumb{{"TERM", "dumb"}};
  EXPECT_FALSE(Progress::wanted(tty.terminal.get()));
}

TEST(Progress, IsNotWantedWithoutATerminal) {
  const test::Environment environment{{"TERM", "xterm"}};
  const test::LogPipe pipe;
  EXPECT_FALSE(Progress::wanted(pipe.fd()));
  EXPECT_FALSE(Progress::wanted(-1));
}

}  // namespace
}  // namespace echo
