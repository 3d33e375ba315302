#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <string>
#include <vector>

#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/program.h"
#include "support/socket_pair.h"
#include "support/temporary_file.h"
#include "support/terminal.h"
#include "support/test_peer.h"
#include "support/text.h"

namespace echo::test {
namespace {

TEST(Log, ReportsAConnectionLikeTheTextbookLoop) {
  ServerProgram server;
  TestPeer peer(server.endpoint());
  const std::string address = peer.local().to_string();
  EXPECT_EQ(server.wait_for_line("new connection"), "new connection from " + address);
  peer.shut_down_sending();
  EXPECT_EQ(server.wait_for_line("closing"), "closing " + address + " after reading no data");
}

TEST(Log, ReportsEachMessageAtDebugLevel) {
  ServerProgram server({"--verbose"});
  TestPeer peer(server.endpoint());
  const std::string address = peer.local().to_string();
  EXPECT_EQ(peer.echo("a \"b\"\n\x1b[2J"), "a \"b\"\n\x1b[2J");
  const std::string payload = R"("a \"b\"\n\x1b[2J")";
  server.wait_for_line("waiting for the next event");
  EXPECT_EQ(server.wait_for_line("received "), "received " + payload + " from " + address);
  EXPECT_EQ(server.wait_for_line("sending "), "sending " + payload + " to " + address);
  EXPECT_EQ(server.wait_for_line("output queue"), "output queue for " + address + " is empty");
}

TEST(Log, CutsALongMessageAndLogsItsLength) {
  ServerProgram server({"-v"});
  TestPeer peer(server.endpoint());
  EXPECT_EQ(peer.echo(std::string(1000, 'a')), std::string(1000, 'a'));
  server.wait_for_line("received \"" + std::string(64, 'a') + "\"... (1000 bytes) from ");
}

TEST(Log, PrintsOnlyThePortAtWarningLevel) {
  ServerProgram server({"--quiet", "-H", "127.0.0.1"});
  EXPECT_EQ(TestPeer(server.endpoint()).echo("x"), "x");
  EXPECT_EQ(server.stop(), 0);
  // Only the line with the port appears, because the kernel chose the port.
  const std::string& text = server.error_text();
  EXPECT_EQ(text.rfind("starting up on 127.0.0.1 port ", 0), 0U) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
}

TEST(Log, IncludesTheTimeInAFile) {
  const TemporaryFile log;
  Program server(ECHO_SERVER, {"-H", "127.0.0.1", "-p", "0"}, {.standard_error = log.path()});
  std::string text;
  wait_until([&] { return (text = log.contents()).find('\n') != std::string::npos; });
  const std::string line = text.substr(0, text.find('\n'));
  const std::string expected =
      R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} starting up on 127\.0\.0\.1 port \d+)";
  EXPECT_TRUE(matches(line, expected)) << line;
}

TEST(Log, BeginsWithFirstStepsOnATerminal) {
  const Terminal terminal;
  if (!terminal.terminal) GTEST_SKIP() << "no pseudo-terminal is available";
  const Program server(ECHO_SERVER, {"-H", "127.0.0.1", "-p", "0"},
                       {.standard_error = terminal.name});
  std::string text;
  while (text.find("stop it:     Ctrl-C\r\n") == std::string::npos) {
    ASSERT_TRUE(wait_readable(terminal.user.get())) << text;
    std::array<char, 1024> buffer{};
    const ssize_t length = ::read(terminal.user.get(), buffer.data(), buffer.size());
    ASSERT_GT(length, 0) << text;
    text.append(buffer.data(), static_cast<std::size_t>(length));
  }
  const std::vector<std::string> ports =
      groups_of(text, R"(\S+ \S+ starting up on 127\.0\.0\.1 port (\d+)\r\n)"
                      R"(\S+ \S+ talk to it:  nc 127\.0\.0\.1 (\d+)\r\n)"
                      R"(\S+ \S+ measure it:  \S*/echo_client -H 127\.0\.0\.1 -p (\d+) -D 5s\r\n)"
                      R"(\S+ \S+ stop it:     Ctrl-C\r\n)");
  ASSERT_EQ(ports.size(), 3U) << text;
  EXPECT_EQ(ports[1], ports[0]);
  EXPECT_EQ(ports[2], ports[0]);
}

// The first socket must not get the number of standard error, or log lines would go to a client.
TEST(Log, NeverGoesToASocket) {
  Program server(ECHO_SERVER, {"-H", "127.0.0.1", "-p", "0"}, {.closed = {0, 1, 2}});
  if (!server.copy_descriptor(0) && errno != EBADF) {
    GTEST_SKIP() << "pidfd_getfd(2) is not permitted here";
  }
  // The program reserves the first three numbers, so the listener has a higher one.
  UniqueFd listener;
  const auto is_listener = [&](int number) {
    listener = server.copy_descriptor(number);
    int listens = 0;
    socklen_t size = sizeof listens;
    return getsockopt(listener.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
           listens != 0;
  };
  wait_until([&] {
    for (int number = 3; number < 10; ++number) {
      if (is_listener(number)) return true;
    }
    return false;
  });
  TestPeer peer(local_endpoint(listener.get()));
  peer.send("x");
  peer.shut_down_sending();
  EXPECT_EQ(peer.receive_to_eof(), "x");
}

}  // namespace
}  // namespace echo::test
