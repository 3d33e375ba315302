#include "echo/cli/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "echo/base/errno_text.h"
#include "echo/base/usage_error.h"
#include "echo/cli/options.h"
#include "echo/os/log.h"
#include "echo/os/unique_fd.h"
#include "support/log_pipe.h"

namespace echo {
namespace {

// Redirects a standard descriptor to the file; nullptr: to a file in memory, which text() reads.
class Redirection {
 public:
  Redirection(int fd, const char* path) : fd_(fd), original_(::fcntl(fd, F_DUPFD_CLOEXEC, 0)) {
    const UniqueFd file(path == nullptr ? ::memfd_create("output", MFD_CLOEXEC)
                                        : ::open(path, O_WRONLY | O_CLOEXEC));
    EXPECT_EQ(::dup2(file.get(), fd), fd);
  }
  ~Redirection() { ::dup2(original_.get(), fd_); }
  Redirection(const Redirection&) = delete;
  Redirection& operator=(const Redirection&) = delete;

  std::string text() const {
    ::lseek(fd_, 0, SEEK_SET);
    std::string text(4096, '\0');
    const ssize_t length = ::read(fd_, text.data(), text.size());
    return text.substr(0, length < 0 ? 0 : static_cast<std::size_t>(length));
  }

 private:
  int fd_;
  UniqueFd original_;
};

struct Outcome {
  int status;
  std::string error;
};

Outcome run(const std::function<int()>& body) {
  const Redirection standard_error(STDERR_FILENO, nullptr);
  const int status = run_program("prog", body);
  return {status, standard_error.text()};
}

// True if `body` returns true in a child process.
bool succeeds_in_child(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? EXIT_SUCCESS : EXIT_FAILURE);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == EXIT_SUCCESS;
}

// True if `condition` returns true as the body of run_program().
bool is_true_in_program(const std::function<bool()>& condition) {
  return run_program("prog", [&] { return condition() ? 0 : 1; }) == 0;
}

void close_all(const std::vector<int>& fds) {
  for (const int fd : fds) ::close(fd);
}

bool is_null_device(int fd) {
  struct stat status {};
  struct stat null {};
  return ::fstat(fd, &status) == 0 && ::stat("/dev/null", &null) == 0 &&
         status.st_rdev == null.st_rdev;
}

ino_t inode_of(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return status.st_ino;
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int lowest_free_descriptor() {
  const UniqueFd probe(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return probe.get();
}

TEST(RunProgram, ReturnsTheStatusOfTheBody) {
  for (const int status : {0, 1, 7}) {
    const Outcome outcome = run([&] { return status; });
    EXPECT_EQ(outcome.status, status);
    EXPECT_EQ(outcome.error, "");
  }
}

TEST(RunProgram, Returns2ForAUsageError) {
  const Outcome outcome = run([]() -> int { throw UsageError("unknown option '-x'"); });
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.error, "prog: unknown option '-x'\n");
}

TEST(RunProgram, Returns1ForAnyOtherError) {
  const Outcome outcome = run([]() -> int { throw std::runtime_error("it broke"); });
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.error, "prog: it broke\n");
}

TEST(RunProgram, EscapesControlCharactersInErrors) {
  const Outcome outcome = run([]() -> int { throw UsageError("'a\nb\x1b[2J' is no fjörd"); });
  EXPECT_EQ(outcome.error, "prog: 'a\\x0ab\\x1b[2J' is no fjörd\n");
}

TEST(RunProgram, IgnoresSigpipeAndSigxfsz) {
  for (const int signal : {SIGPIPE, SIGXFSZ}) {
    EXPECT_TRUE(succeeds_in_child([&] {
      return std::signal(signal, SIG_DFL) != SIG_ERR &&
             is_true_in_program([&] { return ::raise(signal) == 0; });
    }));
  }
}

TEST(RunProgram, PrintsTheTextOfASystemError) {
  const Outcome outcome = run(
      []() -> int { throw std::system_error(EMFILE, std::generic_category(), "cannot listen"); });
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.error, "prog: cannot listen: " + ErrnoText{EMFILE}.to_string() + "\n");
}

TEST(WriteStdout, WritesToStandardOutput) {
  const Redirection standard_output(STDOUT_FILENO, nullptr);
  write_stdout("one ");
  write_stdout("");
  write_stdout("two\n");
  EXPECT_EQ(standard_output.text(), "one two\n");
}

TEST(WriteStdout, ThrowsIfTheDeviceIsFull) {
  const Redirection standard_output(STDOUT_FILENO, "/dev/full");
  try {
    write_stdout("x");
    FAIL() << "a full device took a byte";
  } catch (const std::system_error& error) {
    EXPECT_STREQ(error.what(), "cannot write standard output: No space left on device");
  }
}

TEST(PrintInstead, PrintsTheHelp) {
  const Redirection standard_output(STDOUT_FILENO, nullptr);
  EXPECT_TRUE(print_instead(Action::kHelp, "prog", "Usage: prog\n"));
  EXPECT_EQ(standard_output.text(), "Usage: prog\n");
}

TEST(PrintInstead, PrintsTheNameAndTheVersion) {
  const Redirection standard_output(STDOUT_FILENO, nullptr);
  EXPECT_TRUE(print_instead(Action::kVersion, "prog", "Usage: prog\n"));
  const std::string text = standard_output.text();
  EXPECT_EQ(text.find("prog "), 0U);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_GT(text.size(), std::string("prog \n").size());
}

TEST(PrintInstead, PrintsNothingForARun) {
  const Redirection standard_output(STDOUT_FILENO, nullptr);
  EXPECT_FALSE(print_instead(Action::kRun, "prog", "Usage: prog\n"));
  EXPECT_EQ(standard_output.text(), "");
}

// The descriptors that are closed when the program starts.
class ClosedStandardDescriptors : public testing::TestWithParam<std::vector<int>> {};

INSTANTIATE_TEST_SUITE_P(Each, ClosedStandardDescriptors,
                         testing::Values(std::vector{0}, std::vector{1}, std::vector{2},
                                         std::vector{0, 2}, std::vector{0, 1, 2}));

TEST_P(ClosedStandardDescriptors, AreReplacedWithTheNullDevice) {
  EXPECT_TRUE(succeeds_in_child([] {
    close_all(GetParam());
    return is_true_in_program(
        [] { return std::all_of(GetParam().begin(), GetParam().end(), is_null_device); });
  }));
}

TEST_P(ClosedStandardDescriptors, LeaveNoOtherDescriptorOpen) {
  const int lowest_free = lowest_free_descriptor();
  EXPECT_TRUE(succeeds_in_child([&] {
    close_all(GetParam());
    return is_true_in_program([&] { return lowest_free_descriptor() == lowest_free; });
  }));
}

TEST(StandardDescriptors, KeepTheirFilesIfOpen) {
  EXPECT_TRUE(succeeds_in_child([] {
    const UniqueFd file(::memfd_create("file", MFD_CLOEXEC));
    ::dup2(file.get(), STDIN_FILENO);
    ::dup2(file.get(), STDERR_FILENO);
    ::close(STDOUT_FILENO);
    return is_true_in_program([&] {
      return inode_of(STDIN_FILENO) == inode_of(file.get()) &&
             inode_of(STDERR_FILENO) == inode_of(file.get()) && is_null_device(STDOUT_FILENO);
    });
  }));
}

TEST(RaiseDescriptorLimit, RaisesTheSoftLimitToTheHardLimit) {
  rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old_limit), 0);
  const rlimit lower{.rlim_cur = 64, .rlim_max = old_limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  test::LogPipe pipe;
  Log log(pipe.fd(), LogLevel::kInfo, Log::Mode::kTool);
  raise_descriptor_limit(log);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(limit.rlim_cur, old_limit.rlim_max);
  EXPECT_EQ(limit.rlim_max, old_limit.rlim_max);
  EXPECT_EQ(pipe.text(), "");
  ::setrlimit(RLIMIT_NOFILE, &old_limit);
}

// The tests run in a child process because they change the environment.
TEST(LimitNameLookups, SetsResolverOptions) {
  EXPECT_TRUE(succeeds_in_child([] {
    ::unsetenv("RES_OPTIONS");
    limit_name_lookups();
    return environment("RES_OPTIONS") == "timeout:1 attempts:2 single-request";
  }));
}

TEST(LimitNameLookups, KeepsTheUsersOptions) {
  EXPECT_TRUE(succeeds_in_child([] {
    ::setenv("RES_OPTIONS", "timeout:7", 1);
    limit_name_lookups();
    return environment("RES_OPTIONS") == "timeout:7";
  }));
}

}  // namespace
}  // namespace echo
