#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "echo/base/errno_text.h"
#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/abuse.h"
#include "support/program.h"
#include "support/test_peer.h"
#include "support/text.h"

// Abuse by the environment of the server: standard error, signals, limits.
namespace echo::test {
namespace {

// At debug level each message logs several lines, and the test does not read the pipe.
TEST_F(Abuse, EchoesWhileStandardErrorIsStuck) {
  start({"--verbose"});
  server().ignore_errors();
  for (int i = 0; i < 2000; ++i) check_witness();
}

TEST_F(Abuse, CountsEveryDroppedLogLine) {
  constexpr std::size_t kPeers = 1500;
  start();
  for (std::size_t i = 0; i < kPeers; ++i) EXPECT_EQ(TestPeer(endpoint()).echo("x"), "x");
  wait_for_descriptors(descriptors_before());
  // Reading frees the pipe. The next event then logs the number of dropped lines.
  server().wait_for_line("new connection from ");
  end_abuse();

  std::istringstream lines(server().error_text());
  std::size_t total = 0;
  bool any_dropped = false;
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> dropped = groups_of(line, "warning: log lines dropped: (\\d+)");
    any_dropped = any_dropped || !dropped.empty();
    total += dropped.empty() ? 1 : std::stoul(dropped[0]);
  }
  EXPECT_TRUE(any_dropped);
  // Each peer, the witness and the last client log two lines. The server also logs its start, the
  // signal and its end.
  EXPECT_EQ(total, 2 * (kPeers + 2) + 3);
}

TEST_F(Abuse, EchoesWhenStandardErrorHasNoReader) {
  start({"--verbose"});
  server().abandon_errors();
  for (int i = 0; i < 500; ++i) EXPECT_EQ(TestPeer(endpoint()).echo("x"), "x");
}

TEST_F(Abuse, EchoesWhenStandardErrorIsOnAFullDisk) {
  // The test reserves the port, because the server cannot log it.
  const Endpoint any = resolve("127.0.0.1", 0).front();
  const UniqueFd keeper(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  constexpr int kOn = 1;
  ::setsockopt(keeper.get(), SOL_SOCKET, SO_REUSEPORT, &kOn, sizeof kOn);
  ASSERT_EQ(::bind(keeper.get(), any.address(), any.length()), 0);
  const Endpoint kept = local_endpoint(keeper.get());
  auto full = std::make_unique<Program>(
      ECHO_SERVER,
      std::vector<std::string>{"--verbose", "--reuse-port", "-H", "127.0.0.1", "-p",
                               std::to_string(kept.port())},
      LaunchSettings{.standard_error = "/dev/full"});
  wait_until([&] {
    try {
      const TestPeer first(kept);
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  });
  start(std::move(full), kept);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(TestPeer(endpoint()).echo("x"), "x");
}

TEST_F(Abuse, LosesNoByteWhenStoppedAndContinued) {
  start();
  const std::vector<TestPeer> peers = connect_many(endpoint(), 10);
  for (std::uint32_t round = 0; round < 100; ++round) {
    const std::string message = random_bytes(40'000, round);
    for (const TestPeer& peer : peers) peer.send(message);
    server().freeze();
    for (const TestPeer& peer : peers) peer.send("and more");
    server().signal(SIGCONT);
    for (const TestPeer& peer : peers) {
      ASSERT_TRUE(peer.receive(message.size() + 8) == message + "and more") << round;
    }
    check_witness();
  }
}

TEST_F(Abuse, LosesNoByteUnderThousandsOfSignals) {
  start({}, {.ignored_signals = {SIGHUP}});
  server().ignore_errors();
  const TestPeer peer(endpoint());
  for (std::uint32_t round = 0; round < 300; ++round) {
    const std::string message = random_bytes(40'000, round);
    peer.send(message);
    for (const int number :
         {SIGUSR1, SIGHUP, SIGPIPE, SIGCONT, SIGWINCH, SIGURG, SIGCHLD, SIGXFSZ}) {
      server().signal(number);
    }
    ASSERT_TRUE(peer.receive(message.size()) == message) << round;
    check_witness();
  }
}

TEST_F(Abuse, DelaysClientsWhileOutOfDescriptors) {
  start();
  rlimit limit{};
  ASSERT_EQ(::prlimit(server().pid(), RLIMIT_NOFILE, nullptr, &limit), 0);
  for (int round = 0; round < 5; ++round) {
    const rlimit none{.rlim_cur = 1, .rlim_max = limit.rlim_max};
    ASSERT_EQ(::prlimit(server().pid(), RLIMIT_NOFILE, &none, nullptr), 0);
    std::vector<TestPeer> peers = connect_many(endpoint(), 50);
    for (const TestPeer& peer : peers) peer.send("waiting");
    check_witness();
    EXPECT_EQ(server().open_descriptors(), descriptors_before());
    ASSERT_EQ(::prlimit(server().pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
    for (const TestPeer& peer : peers) ASSERT_EQ(peer.receive(7), "waiting");
    peers.clear();
    wait_for_descriptors(descriptors_before());
  }
}

// The queue may grow beyond the available memory. A failed allocation closes only its connection.
TEST_F(Abuse, ClosesOnlyTheConnectionThatIsOutOfMemory) {
  const std::string command =
      "ulimit -v 100000; exec \"" ECHO_SERVER "\" -H 127.0.0.1 -p 0 --max-queue 1G";
  auto program =
      std::make_unique<Program>("sh", std::vector<std::string>{"-c", command}, thrifty());
  std::string line;
  try {
    line = program->wait_for_line("starting up on ");
  } catch (const std::runtime_error&) {
    GTEST_SKIP() << "the program itself does not fit into so little address space";
  }
  const std::string port = line.substr(line.rfind(' '));
  start(std::move(program),
        resolve("127.0.0.1", static_cast<std::uint16_t>(std::stoul(port))).front());
  const TestPeer peer(endpoint());
  const std::string block(1UL << 20, 'x');
  const auto send_more_than_fits = [&] {
    for (int i = 0; i < 256; ++i) peer.send(block);
  };
  EXPECT_THROW(send_more_than_fits(), std::system_error);
  server().wait_for_line("after an error: " + ErrnoText{ENOMEM}.to_string());
}

}  // namespace
}  // namespace echo::test
