#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "echo/os/unique_fd.h"
#include "support/program.h"
#include "support/temporary_file.h"
#include "support/text.h"

// Signals before the main loop runs, and the duties of process 1.
namespace echo::test {
namespace {

// A full pipe, which blocks its writer.
class FullPipe {
 public:
  FullPipe() {
    ::unlink(path().c_str());
    ::mkfifo(path().c_str(), 0600);
    // A descriptor for both ends lets other processes open the FIFO without a wait.
    fd_ = UniqueFd(::open(path().c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
    const std::array<char, 4096> bytes{};
    while (::write(fd_.get(), bytes.data(), bytes.size()) > 0) continue;
  }

  const std::string& path() const noexcept { return file_.path(); }

  void empty() const {
    std::array<char, 4096> bytes{};
    while (::read(fd_.get(), bytes.data(), bytes.size()) > 0) continue;
  }

 private:
  TemporaryFile file_;
  UniqueFd fd_;
};

std::string contents_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Returns the process IDs of the children.
std::string children_of(const Program& program) {
  const std::string pid = std::to_string(program.pid());
  return contents_of("/proc/" + pid + "/task/" + pid + "/children");
}

// Waits until the server sleeps with its signal handlers installed.
void wait_until_stuck(pid_t pid) {
  wait_until([&] {
    const std::string status = contents_of("/proc/" + std::to_string(pid) + "/status");
    const std::size_t caught = status.find("SigCgt:\t");
    return has(status, "Name:\techo_server") && has(status, "State:\tS") &&
           (std::stoull(status.substr(caught + 8), nullptr, 16) >> (SIGTERM - 1) & 1) != 0;
  });
}

class StopSignalBeforeTheLoop : public testing::TestWithParam<int> {};

TEST_P(StopSignalBeforeTheLoop, EndsTheServerWithStatusZero) {
  const FullPipe pipe;
  Program server(ECHO_SERVER, {"--help"}, {.standard_output = pipe.path()});
  wait_until_stuck(server.pid());
  server.signal(GetParam());
  EXPECT_EQ(server.wait_for_exit(), 0);
}

INSTANTIATE_TEST_SUITE_P(Each, StopSignalBeforeTheLoop, testing::Values(SIGTERM, SIGINT, SIGHUP),
                         [](const auto& each) { return as_test_name(::strsignal(each.param)); });

class UserSignalBeforeTheLoop : public testing::TestWithParam<int> {};

TEST_P(UserSignalBeforeTheLoop, DoesNotEndTheServer) {
  const FullPipe pipe;
  Program server(ECHO_SERVER, {"--help"}, {.standard_output = pipe.path()});
  wait_until_stuck(server.pid());
  server.signal(GetParam());
  pipe.empty();
  EXPECT_EQ(server.wait_for_exit(), 0);
}

INSTANTIATE_TEST_SUITE_P(Each, UserSignalBeforeTheLoop, testing::Values(SIGUSR1, SIGUSR2),
                         [](const auto& each) { return as_test_name(::strsignal(each.param)); });

// A server whose name lookup does not end: the file of host aliases (hostname(7), HOSTALIASES) is
// a FIFO without a writer.
class NameLookup : public testing::Test {
 protected:
  struct Fifo {
    Fifo() {
      ::unlink(file.path().c_str());
      ::mkfifo(file.path().c_str(), 0600);
    }

    TemporaryFile file;
  };

  // Waits until the resolver has opened the file, unless it does not support aliases.
  void SetUp() override {
    try {
      wait_until([&] {
        writer_ = UniqueFd(::open(aliases_.file.path().c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
        return static_cast<bool>(writer_);
      });
    } catch (const std::runtime_error&) {
      GTEST_SKIP() << "the resolver here does not support HOSTALIASES";
    }
  }

  const Fifo aliases_;
  Program server_{ECHO_SERVER,
                  {"-H", "name-without-a-dot", "-p", "0"},
                  {.environment = {{"HOSTALIASES", aliases_.file.path()}}}};
  UniqueFd writer_;
};

TEST_F(NameLookup, EndsOnAStopSignal) {
  server_.signal(SIGTERM);
  EXPECT_EQ(server_.wait_for_exit(), 0);
}

TEST_F(NameLookup, ContinuesAfterAUserSignal) {
  server_.signal(SIGUSR1);
  server_.signal(SIGUSR2);
  // The resolver may open the file again for the next address family.
  ::unlink(aliases_.file.path().c_str());
  writer_.reset();
  EXPECT_EQ(server_.wait_for_exit(), 1);
  EXPECT_TRUE(has(server_.error_text(), "cannot resolve host 'name-without-a-dot'"))
      << server_.error_text();
}

// The server as process 1 of a PID namespace, as in a container.
class AsProcess1 : public testing::Test {
 protected:
  void SetUp() override {
    if (run_as_1({"true"}).status != 0) GTEST_SKIP() << "a PID namespace is not permitted here";
  }

  static std::vector<std::string> with_unshare(const std::vector<std::string>& command) {
    std::vector<std::string> arguments{"--user", "--map-root-user", "--pid", "--fork",
                                       "--kill-child"};
    arguments.insert(arguments.end(), command.begin(), command.end());
    return arguments;
  }

  static Outcome run_as_1(const std::vector<std::string>& command) {
    return run("unshare", with_unshare(command));
  }

  // Returns the process that unshare(1) has started.
  static pid_t child_of(const Program& unshare) {
    wait_until([&] { return !children_of(unshare).empty(); });
    return std::stoi(children_of(unshare));
  }
};

TEST_F(AsProcess1, StopsWithStatusZeroBeforeTheLoop) {
  const FullPipe pipe;
  Program unshare("unshare", with_unshare({ECHO_SERVER, "--help"}),
                  {.standard_output = pipe.path()});
  const pid_t server = child_of(unshare);
  wait_until_stuck(server);
  ::kill(server, SIGTERM);
  EXPECT_EQ(unshare.wait_for_exit(), 0);
}

TEST_F(AsProcess1, StopsWithStatusZero) {
  Program unshare("unshare", with_unshare({ECHO_SERVER, "--port", "0"}));
  unshare.wait_for_line("starting up on ");
  ::kill(child_of(unshare), SIGTERM);
  EXPECT_EQ(unshare.wait_for_exit(), 0);
}

// The shell starts a child and becomes the server, so the server has a child like an orphan of
// process 1.
TEST(ChildOfTheServer, IsReaped) {
  Program server("/bin/sh", {"-c", "true & exec \"$0\" --port 0", ECHO_SERVER});
  server.wait_for_line("starting up on ");
  wait_until([&] { return children_of(server).empty(); });
}

}  // namespace
}  // namespace echo::test
