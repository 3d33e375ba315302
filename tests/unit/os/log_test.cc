#include "echo/os/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "echo/os/unique_fd.h"
#include "support/environment.h"
#include "support/failing_allocations.h"
#include "support/socket_pair.h"
#include "support/temporary_file.h"
#include "support/terminal.h"
#include "support/text.h"

namespace echo {
namespace {

using Mode = Log::Mode;
using test::matches;

// A pipe with a non-blocking reader. The writer blocks unless `flags` contain O_NONBLOCK.
struct Pipe {
  explicit Pipe(int flags = 0) {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC | flags) != 0) {
      throw std::system_error(errno, std::generic_category(), "pipe2");
    }
    reader = UniqueFd(fds[0]);
    writer = UniqueFd(fds[1]);
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  }

  UniqueFd reader;
  UniqueFd writer;
};

// A pipe of kSize bytes, which is two pages: the rest of one line and the next line may need one
// each.
struct SmallPipe : Pipe {
  inline static const std::size_t kSize = 2 * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

  explicit SmallPipe(int flags = 0) : Pipe(flags) {
    ::fcntl(writer.get(), F_SETPIPE_SZ, static_cast<int>(kSize));
  }

  void fill() const {
    const std::string block(kSize, '.');
    ASSERT_EQ(::write(writer.get(), block.data(), block.size()), static_cast<ssize_t>(kSize));
  }
};

// Reads everything that is available now.
std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

// Returns the text that a daemon's log writes to a pipe that has room.
template <typename Write>
std::string written(LogLevel level, Write write) {
  const Pipe pipe;
  Log log(pipe.writer.get(), level, Mode::kDaemon);
  write(log);
  return read_all(pipe.reader.get());
}

std::string written_at(LogLevel level) {
  return written(level, [](Log& log) {
    log.error("e");
    log.warning("w");
    log.info("i");
    log.debug("d");
  });
}

TEST(ParseLogLevel, AcceptsEveryLevel) {
  EXPECT_EQ(parse_log_level("error"), LogLevel::kError);
  EXPECT_EQ(parse_log_level("warning"), LogLevel::kWarning);
  EXPECT_EQ(parse_log_level("info"), LogLevel::kInfo);
  EXPECT_EQ(parse_log_level("debug"), LogLevel::kDebug);
}

TEST(ParseLogLevel, RejectsOtherText) {
  for (const std::string_view text : {"", "Info", "INFO", "info ", " info", "warn", "trace", "2"}) {
    EXPECT_EQ(parse_log_level(text), std::nullopt) << text;
  }
}

TEST(LogLevelName, CanBeParsed) {
  for (const LogLevel level :
       {LogLevel::kError, LogLevel::kWarning, LogLevel::kInfo, LogLevel::kDebug}) {
    EXPECT_EQ(parse_log_level(log_level_name(level)), level);
  }
}

TEST(Payload, QuotesPlainText) {
  EXPECT_EQ(Payload("This is the message. ").to_string(), R"("This is the message. ")");
  EXPECT_EQ(Payload("").to_string(), R"("")");
}

TEST(Payload, EscapesSpecialCharacters) {
  EXPECT_EQ(Payload("a\"\x1b\n").to_string(), R"("a\"\x1b\n")");
}

TEST(Payload, ShowsUpTo64BytesInFull) {
  EXPECT_EQ(Payload(std::string(64, 'x')).to_string(), '"' + std::string(64, 'x') + '"');
}

TEST(Payload, TruncatesAfter64BytesAndShowsTheLength) {
  EXPECT_EQ(Payload(std::string(65, 'x')).to_string(),
            '"' + std::string(64, 'x') + "\"... (65 bytes)");
}

TEST(Payload, ShowsTheGivenTotalLength) {
  EXPECT_EQ(Payload(std::string(64, 'x'), 1000000).to_string(),
            '"' + std::string(64, 'x') + "\"... (1000000 bytes)");
}

TEST(Log, JoinsPartsWithoutSeparators) {
  EXPECT_EQ(written(LogLevel::kInfo,
                    [](Log& log) {
                      log.info("text ", std::string("string "), std::string_view("view "), -1, " ",
                               UINT64_MAX, " ", Payload("\n"));
                    }),
            "text string view -1 " + std::to_string(UINT64_MAX) + " \"\\n\"\n");
}

TEST(Log, LabelsWarningsAndErrors) {
  EXPECT_EQ(written_at(LogLevel::kDebug), "error: e\nwarning: w\ni\nd\n");
}

TEST(Log, OmitsMessagesBelowItsLevel) {
  EXPECT_EQ(written_at(LogLevel::kError), "error: e\n");
  EXPECT_EQ(written_at(LogLevel::kWarning), "error: e\nwarning: w\n");
  EXPECT_EQ(written_at(LogLevel::kInfo), "error: e\nwarning: w\ni\n");
}

TEST(Log, ReportsWhichLevelsAreEnabled) {
  const Pipe pipe;
  const Log log(pipe.writer.get(), LogLevel::kWarning, Mode::kDaemon);
  EXPECT_TRUE(log.enabled(LogLevel::kError));
  EXPECT_TRUE(log.enabled(LogLevel::kWarning));
  EXPECT_FALSE(log.enabled(LogLevel::kInfo));
  EXPECT_FALSE(log.enabled(LogLevel::kDebug));
}

TEST(Log, WritesUnlabelledAnswersAtEveryLevel) {
  EXPECT_EQ(written(LogLevel::kError, [](Log& log) { log.answer("up ", 5, "s"); }), "up 5s\n");
}

TEST(Log, DropsLinesWhileThePipeIsFull) {
  const SmallPipe pipe;
  Log log(pipe.writer.get(), LogLevel::kInfo, Mode::kDaemon);
  pipe.fill();
  log.info("dropped");
  EXPECT_EQ(read_all(pipe.reader.get()), std::string(SmallPipe::kSize, '.'));
}

TEST(Log, ReportsTheNumberOfDroppedLines) {
  const SmallPipe pipe;
  Log log(pipe.writer.get(), LogLevel::kInfo, Mode::kDaemon);
  pipe.fill();
  for (int line = 0; line < 3; ++line) log.info("dropped");
  read_all(pipe.reader.get());
  log.info("heard");
  EXPECT_EQ(read_all(pipe.reader.get()), "warning: log lines dropped: 3\nheard\n");
}

TEST(Log, ReportsDroppedLinesOnce) {
  const SmallPipe pipe;
  Log log(pipe.writer.get(), LogLevel::kInfo, Mode::kDaemon);
  pipe.fill();
  log.info("dropped");
  read_all(pipe.reader.get());
  log.info("heard");
  read_all(pipe.reader.get());
  log.info("heard again");
  EXPECT_EQ(read_all(pipe.reader.get()), "heard again\n");
}

TEST(Log, CompletesAPartlyWrittenLine) {
  const SmallPipe pipe;
  Log log(pipe.writer.get(), LogLevel::kInfo, Mode::kDaemon);
  const std::string longer_than_the_pipe(SmallPipe::kSize + 100, 'x');
  log.info(longer_than_the_pipe);
  std::string text = read_all(pipe.reader.get());
  EXPECT_EQ(text.size(), SmallPipe::kSize);
  log.info("next");
  text += read_all(pipe.reader.get());
  EXPECT_EQ(text, longer_than_the_pipe + "\nnext\n");
}

TEST(Log, CompletesALineBeforeReportingDrops) {
  const SmallPipe pipe;
  Log log(pipe.writer.get(), LogLevel::kInfo, Mode::kDaemon);
  const std::string longer_than_the_pipe(SmallPipe::kSize + 100, 'x');
  log.info(longer_than_the_pipe);
  log.info("dropped");
  log.info("dropped");
  std::string text = read_all(pipe.reader.get());
  log.info("next");
  text += read_all(pipe.reader.get());
  EXPECT_EQ(text, longer_than_the_pipe + "\nwarning: log lines dropped: 2\nnext\n");
}

// The reader reads less than is logged each time.
TEST(Log, DropsLinesForASlowReader) {
  const SmallPipe pipe;
  Log log(pipe.writer.get(), LogLevel::kInfo, Mode::kDaemon);
  for (int line = 0; line < 100; ++line) {
    log.info(std::string(SmallPipe::kSize + 1000, 'x'));
    read_all(pipe.reader.get());
  }
  std::string text;
  for (int line = 0; line < 4; ++line) {
    log.info("end");
    text += read_all(pipe.reader.get());
  }
  EXPECT_NE(text.find("end\n"), std::string::npos);
}

// Waits for `length` bytes and returns them; fewer at EOF.
std::string read_bytes(int fd, std::size_t length) {
  ::fcntl(fd, F_SETFL, 0);
  std::string text(length, '\0');
  std::size_t done = 0;
  while (done < length) {
    const ssize_t count = ::read(fd, text.data() + done, length - done);
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  return text.substr(0, done);
}

class ToolLog : public testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(BlockingOrNot, ToolLog, testing::Values(0, O_NONBLOCK));

TEST_P(ToolLog, WaitsForTheReader) {
  const SmallPipe pipe(GetParam());
  const std::string longer_than_the_pipe(10 * SmallPipe::kSize, 'x');
  std::thread writer([&] {
    Log log(pipe.writer.get(), LogLevel::kInfo, Mode::kTool);
    log.info(longer_than_the_pipe);
    log.info("last");
  });
  const std::string expected = longer_than_the_pipe + "\nlast\n";
  EXPECT_EQ(read_bytes(pipe.reader.get(), expected.size()), expected);
  writer.join();
}

// A log of a tool otherwise waits for its reader.
TEST(Log, DropsAToolsLinesWhenTheWaitEnds) {
  const SmallPipe pipe;
  pipe.fill();
  Log log(pipe.writer.get(), LogLevel::kInfo, Mode::kTool);
  log.set_wait({.is_over = [] { return true; }});
  log.info("dropped");
  read_all(pipe.reader.get());
  log.info("written");
  EXPECT_EQ(read_all(pipe.reader.get()), "warning: log lines dropped: 1\nwritten\n");
}

// The test hangs if the log waits.
TEST(Log, DiscardsALineWithoutAReader) {
  struct sigaction ignore {};
  struct sigaction old_action {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &old_action);
  Pipe pipe;
  pipe.reader.reset();
  Log(pipe.writer.get(), LogLevel::kInfo, Mode::kTool).info("unread");
  ::sigaction(SIGPIPE, &old_action, nullptr);
  SUCCEED();
}

class LogInAnyMode : public testing::TestWithParam<Mode> {};

INSTANTIATE_TEST_SUITE_P(Modes, LogInAnyMode, testing::Values(Mode::kDaemon, Mode::kTool));

TEST_P(LogInAnyMode, LeavesTheCallersDescriptorBlocking) {
  const Pipe pipe;
  Log log(pipe.writer.get(), LogLevel::kInfo, GetParam());
  log.info("x");
  EXPECT_EQ(::fcntl(pipe.writer.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_P(LogInAnyMode, LeavesTheCallersDescriptorNonblocking) {
  const Pipe pipe(O_NONBLOCK);
  Log log(pipe.writer.get(), LogLevel::kInfo, GetParam());
  log.info("x");
  EXPECT_NE(::fcntl(pipe.writer.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_P(LogInAnyMode, OmitsTheTimeOnAPipe) {
  const Pipe pipe;
  Log log(pipe.writer.get(), LogLevel::kInfo, GetParam());
  log.info("x");
  EXPECT_EQ(read_all(pipe.reader.get()), "x\n");
}

// Returns the text that such a log writes to a regular file.
template <typename Write>
std::string written_to_file(Mode mode, Write write) {
  const test::TemporaryFile file("");
  const UniqueFd fd(::open(file.path().c_str(), O_WRONLY | O_CLOEXEC));
  Log log(fd.get(), LogLevel::kInfo, mode);
  write(log);
  return file.contents();
}

constexpr const char* kTimedWarning = R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} warning: x\n)";

TEST(Log, WritesTheTimeToAFile) {
  const std::string text = written_to_file(Mode::kDaemon, [](Log& log) { log.warning("x"); });
  EXPECT_TRUE(matches(text, kTimedWarning)) << text;
}

// On a 32-bit system, such a file needs a 64-bit off_t.
TEST(Log, WritesTheTimeToAFileAbove2GiB) {
  constexpr off_t kLength = off_t{3} << 30;
  const test::TemporaryFile file("");
  const UniqueFd fd(::open(file.path().c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  ASSERT_EQ(::ftruncate(fd.get(), kLength), 0);
  Log(fd.get(), LogLevel::kWarning, Mode::kDaemon).warning("x");
  std::string text(100, '\0');
  const ssize_t length = ::pread(fd.get(), text.data(), text.size(), kLength);
  ASSERT_GT(length, 0);
  text.resize(static_cast<std::size_t>(length));
  EXPECT_TRUE(matches(text, kTimedWarning)) << text;
}

TEST(Log, OmitsTheTimeFromAToolsFile) {
  EXPECT_EQ(written_to_file(Mode::kTool, [](Log& log) { log.warning("x"); }), "warning: x\n");
}

TEST(Log, WritesTheTimeToATerminal) {
  const test::Terminal tty;
  if (!tty.terminal) GTEST_SKIP() << "no pseudo-terminal is available";
  Log log(tty.terminal.get(), LogLevel::kInfo, Mode::kDaemon);
  log.info("x");
  const std::string text = read_all(tty.user.get());
  EXPECT_TRUE(matches(text, R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} x\r\n)")) << text;
}

// Fills a terminal whose user reads nothing. The log must drop lines and not wait.
void expect_drops(const test::Terminal& tty, Log log) {
  for (int line = 0; line < 2000; ++line) log.info(std::string(100, 'x'));
  EXPECT_EQ(::fcntl(tty.terminal.get(), F_GETFL) & O_NONBLOCK, 0);
  while (!read_all(tty.user.get()).empty()) {
  }
  log.info("heard");
  const std::string text = read_all(tty.user.get());
  EXPECT_NE(text.find("warning: log lines dropped: "), std::string::npos) << text;
  EXPECT_NE(text.find("heard\r\n"), std::string::npos) << text;
}

TEST(Log, NeverWaitsForAnUnreadTerminal) {
  const test::Terminal tty;
  if (!tty.terminal) GTEST_SKIP() << "no pseudo-terminal is available";
  expect_drops(tty, Log(tty.terminal.get(), LogLevel::kInfo, Mode::kDaemon));
}

// With `stty tostop` a terminal sends SIGTTOU to background processes that write to it. The default
// action stops the process.
TEST(Log, IgnoresSigttouOnADaemonsTerminal) {
  const test::Terminal tty;
  if (!tty.terminal) GTEST_SKIP() << "no pseudo-terminal is available";
  struct sigaction old_action {};
  ::sigaction(SIGTTOU, nullptr, &old_action);
  const Log log(tty.terminal.get(), LogLevel::kInfo, Mode::kDaemon);
  struct sigaction action {};
  ::sigaction(SIGTTOU, &old_action, &action);
  EXPECT_EQ(action.sa_handler, SIG_IGN);
}

// For example, after su(1) the terminal belongs to another user.
TEST(Log, NeverWaitsForATerminalItCannotReopen) {
  const test::Terminal tty;
  if (!tty.terminal) GTEST_SKIP() << "no pseudo-terminal is available";
  ASSERT_EQ(::fchmod(tty.terminal.get(), 0), 0);
  const int user = ::setfsuid(65534);  // Root can open any file.
  Log log(tty.terminal.get(), LogLevel::kInfo, Mode::kDaemon);
  ::setfsuid(static_cast<uid_t>(user));
  expect_drops(tty, std::move(log));
}

// A log on another user's pipe, for example after sudo(8).
class ForeignPipeLog : public testing::Test {
 protected:
  ForeignPipeLog() {
    static_cast<void>(::fchmod(pipe_.writer.get(), 0));
    const int user = ::setfsuid(65534);  // Root can open any file.
    log_.emplace(pipe_.writer.get(), LogLevel::kInfo, Mode::kDaemon);
    ::setfsuid(static_cast<uid_t>(user));
  }

  const SmallPipe pipe_;
  std::optional<Log> log_;
};

TEST_F(ForeignPipeLog, DropsLinesWhileThePipeIsFull) {
  pipe_.fill();
  log_->info("dropped");
  read_all(pipe_.reader.get());
  log_->info("written");
  EXPECT_EQ(read_all(pipe_.reader.get()), "warning: log lines dropped: 1\nwritten\n");
}

// The pipe is writable but has too little room for the line, for example because another writer
// used the room after select() returned.
TEST_F(ForeignPipeLog, DoesNotWaitIfTheRoomIsTooSmall) {
  ASSERT_EQ(::write(pipe_.writer.get(), "x", 1), 1);
  log_->info(std::string(3UL * PIPE_BUF, 'x'));
  log_->info("dropped");
  EXPECT_FALSE(read_all(pipe_.reader.get()).empty());
}

TEST(Log, NeverWaitsForAnUnreadSocket) {
  const test::SocketPair pair = test::make_socket_pair();
  ::fcntl(pair.ours.get(), F_SETFL, 0);
  Log log(pair.ours.get(), LogLevel::kInfo, Mode::kDaemon);
  for (int line = 0; line < 5000; ++line) log.info(std::string(100, 'x'));
  while (!read_all(pair.theirs.get()).empty()) {
  }
  log.info("heard");
  log.info("heard again");
  EXPECT_TRUE(read_all(pair.theirs.get()).ends_with("\nheard again\n"));
}

TEST(Log, DropsALineWhenOutOfMemory) {
  const Pipe pipe;
  Log log(pipe.writer.get(), LogLevel::kInfo, Mode::kDaemon);
  {
    const test::FailingAllocations failing(0);
    log.info("too long for a string without memory of its own");
    EXPECT_TRUE(failing.any_failed());
  }
  log.info("heard");
  EXPECT_EQ(read_all(pipe.reader.get()), "warning: log lines dropped: 1\nheard\n");
}

// A socket that stands for the journal if JOURNAL_STREAM names it.
class JournalLog : public testing::Test {
 protected:
  JournalLog() {
    struct stat status {};
    EXPECT_EQ(::fstat(pair_.ours.get(), &status), 0);
    stream_ = std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
  }

  std::string received() const {
    std::array<char, 4096> buffer{};
    const ssize_t length = ::read(pair_.theirs.get(), buffer.data(), buffer.size());
    return {buffer.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
  }

  test::SocketPair pair_ = test::make_socket_pair();
  std::string stream_;
};

TEST_F(JournalLog, WritesPriorities) {
  const test::Environment environment{{"JOURNAL_STREAM", stream_.c_str()}};
  Log log(pair_.ours.get(), LogLevel::kDebug, Mode::kDaemon);
  log.error("e");
  log.warning("w");
  log.answer("a");
  log.info("i");
  log.debug("d");
  log.fatal("c");
  EXPECT_EQ(received(), "<3>error: e\n<4>warning: w\n<5>a\n<6>i\n<7>d\n<3>c\n");
}

TEST_F(JournalLog, WritesPrioritiesForATool) {
  const test::Environment environment{{"JOURNAL_STREAM", stream_.c_str()}};
  Log(pair_.ours.get(), LogLevel::kInfo, Mode::kTool).fatal("c");
  EXPECT_EQ(received(), "<3>c\n");
}

TEST_F(JournalLog, OmitsPrioritiesOnAnotherStream) {
  for (const std::string& stream : {std::string(), std::string("0:0"), stream_ + '0'}) {
    const test::Environment environment{{"JOURNAL_STREAM", stream.c_str()}};
    Log(pair_.ours.get(), LogLevel::kInfo, Mode::kDaemon).warning("w");
    EXPECT_EQ(received(), "warning: w\n");
  }
}

}  // namespace
}  // namespace echo
