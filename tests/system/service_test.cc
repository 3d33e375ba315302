#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <map>
#include <ostream>
#include <string>
#include <system_error>
#include <vector>

#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "echo/service/passed_descriptors.h"
#include "support/program.h"
#include "support/test_manager.h"
#include "support/test_peer.h"

// The server under a service manager that the test simulates.
namespace echo::test {
namespace {

class Service : public testing::Test {
 protected:
  LaunchSettings settings() const {
    return {.environment = {{"NOTIFY_SOCKET", manager_.address()}}};
  }

  // Restarts the server like systemd: sends SIGUSR2, then starts the next server with the
  // descriptors that the previous one stored.
  ServerProgram successor_of(ServerProgram& server,
                             const std::vector<std::string>& arguments = {}) {
    server.signal(SIGUSR2);
    EXPECT_EQ(server.wait_for_exit(), 0);
    kept_ = manager_.take_kept();
    LaunchSettings next = settings();
    for (const PassedDescriptor& kept : kept_) next.passed.emplace_back(kept.name, kept.fd.get());
    return ServerProgram(arguments, next);
  }

  TestManager manager_;
  std::vector<PassedDescriptor> kept_;
};

TEST_F(Service, NotifiesReadyAndStopping) {
  ServerProgram server({}, settings());
  manager_.wait_for("READY=1");
  EXPECT_EQ(TestPeer(server.endpoint()).echo("x"), "x");
  EXPECT_EQ(server.stop(), 0);
  manager_.wait_for("STOPPING=1");
}

TEST_F(Service, NotifiesTheWatchdogWhileIdle) {
  LaunchSettings watched = settings();
  watched.environment["WATCHDOG_USEC"] = "20000";
  watched.environment["WATCHDOG_PID"] = "$$";
  const ServerProgram server({}, watched);
  for (int i = 0; i < 20; ++i) manager_.wait_for("WATCHDOG=1");
}

TEST_F(Service, LosesNoByteOrConnectionOnRestart) {
  ServerProgram first({}, settings());
  std::vector<TestPeer> peers = connect_many(first.endpoint(), 300);
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("before"), "before");
  const TestPeer reader = TestPeer::with_buffers(first.endpoint(), 65536);
  const std::size_t pending = reader.send_until_stuck();

  ServerProgram second = successor_of(first);
  EXPECT_EQ(second.port(), first.port());
  ServerProgram third = successor_of(second);
  kept_.clear();
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("after"), "after");
  reader.shut_down_sending();
  EXPECT_EQ(reader.receive_to_eof().size(), pending);
  third.wait_for_line("restored: 301 connections, ");
  // EOF arrives only if no other process has the connection open.
  peers.front().shut_down_sending();
  EXPECT_EQ(peers.front().receive_to_eof(), "");
}

TEST_F(Service, KeepsConnectionsIfOutOfDescriptors) {
  LaunchSettings few = settings();
  few.descriptors = 64;
  ServerProgram first({}, few);
  std::vector<TestPeer> peers = connect_many(first.endpoint(), 70);
  first.wait_for_line("cannot accept connections: ");
  ServerProgram second = successor_of(first);
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("after"), "after");
}

TEST_F(Service, RestoresAsManyConnectionsAsFit) {
  ServerProgram first({}, settings());
  std::vector<TestPeer> peers = connect_many(first.endpoint(), 100);
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("before"), "before");
  first.signal(SIGUSR2);
  EXPECT_EQ(first.wait_for_exit(), 0);
  kept_ = manager_.take_kept();
  LaunchSettings few = settings();
  few.descriptors = 64;
  few.passed.emplace_back(kept_.front().name, kept_.front().fd.get());
  ServerProgram second({}, few);
  kept_.clear();
  second.wait_for_line(" descriptors are missing or of another type");
  second.wait_for_line("restored: ");
  std::size_t served = 0;
  for (const TestPeer& peer : peers) {
    try {
      served += peer.echo("after") == "after" ? 1U : 0U;
    } catch (const std::system_error&) {
      continue;
    }
  }
  EXPECT_GT(served, 30U);
  EXPECT_LT(served, 64U);
}

// There are enough clients that the kernel reports activity on the idle ones by signals.
TEST_F(Service, ServesIdleConnectionsAfterARestart) {
  ServerProgram first({"--quiet"}, settings());
  const std::vector<TestPeer> peers = connect_many(first.endpoint(), 200);
  // All clients except the first one go idle.
  for (int i = 0; i < 200; ++i) EXPECT_EQ(peers.front().echo("busy"), "busy");
  ServerProgram second = successor_of(first, {"--quiet"});
  for (int i = 0; i < 200; ++i) EXPECT_EQ(peers.front().echo("busy"), "busy");
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("heard"), "heard");
}

TEST_F(Service, RefusesAHostAboveTheNewLimit) {
  ServerProgram first({"--max-per-host", "4"}, settings());
  std::vector<TestPeer> peers = connect_many(first.endpoint(), 4);
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("before"), "before");
  ServerProgram second = successor_of(first, {"--max-per-host", "2"});
  kept_.clear();
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("after"), "after");
  for (; peers.size() >= 2; peers.erase(peers.begin())) {
    EXPECT_EQ(TestPeer(second.endpoint()).receive_to_eof(), "") << peers.size();
    peers.front().shut_down_sending();
    EXPECT_EQ(peers.front().receive_to_eof(), "");
  }
  EXPECT_EQ(TestPeer(second.endpoint()).echo("newcomer"), "newcomer");
}

TEST_F(Service, RestoresWithoutDescriptorNames) {
  ServerProgram first({}, settings());
  const TestPeer peer(first.endpoint());
  EXPECT_EQ(peer.echo("before"), "before");
  first.signal(SIGUSR2);
  EXPECT_EQ(first.wait_for_exit(), 0);
  const auto kept = manager_.take_kept();
  ASSERT_EQ(kept.size(), 1U);
  const ServerProgram second({}, {.passed = {{"a:b", kept.front().fd.get()}}});
  EXPECT_EQ(peer.echo("after"), "after");
}

TEST_F(Service, StartsDespiteAnInvalidHandover) {
  const UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ServerProgram server({}, {.passed = {{"handover", file.get()}}});
  EXPECT_EQ(TestPeer(server.endpoint()).echo("healthy"), "healthy");
  EXPECT_EQ(server.stop(), 0);
  EXPECT_NE(server.error_text().find("warning: handover: empty package\n"), std::string::npos);
}

TEST_F(Service, DrainsOnSigusr2WithoutAManager) {
  ServerProgram server;
  const TestPeer peer(server.endpoint());
  EXPECT_EQ(peer.echo("x"), "x");
  server.signal(SIGUSR2);
  EXPECT_EQ(peer.receive_to_eof(), "");
  EXPECT_EQ(server.wait_for_exit(), 0);
}

// --- Passed descriptors ---

UniqueFd make_listener(const std::string& host) {
  return listen_on(resolve(host, 0).front(), 10, false);
}

class PassedSockets : public Service {};

TEST_F(PassedSockets, AreAllServed) {
  const UniqueFd v4 = make_listener("127.0.0.1");
  const UniqueFd v6 = make_listener("::1");
  LaunchSettings with_sockets = settings();
  with_sockets.passed = {{"web", v4.get()}, {"web", v6.get()}};
  Program server(ECHO_SERVER, {}, with_sockets);
  server.wait_for_line("starting up on 127.0.0.1 port ");
  for (const UniqueFd* listener : {&v4, &v6}) {
    EXPECT_EQ(TestPeer(local_endpoint(listener->get())).echo("x"), "x");
  }
}

// O_NONBLOCK belongs to the open file description, which all owners of the socket share.
TEST_F(PassedSockets, AreServedEvenIfMadeBlocking) {
  const UniqueFd socket = make_listener("127.0.0.1");
  Program server(ECHO_SERVER, {}, {.passed = {{"web", socket.get()}}});
  server.wait_for_line("starting up on ");
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) & ~O_NONBLOCK);
  const TestPeer peer(local_endpoint(socket.get()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(peer.echo("x"), "x");
}

TEST_F(PassedSockets, AreServedIfOneIsMissing) {
  const UniqueFd first = make_listener("127.0.0.1");
  const UniqueFd missing = make_listener("127.0.0.1");
  const UniqueFd third = make_listener("127.0.0.1");
  Program server(
      ECHO_SERVER, {},
      {.closed = {4}, .passed = {{"a", first.get()}, {"b", missing.get()}, {"c", third.get()}}});
  server.wait_for_line("warning: LISTEN_FDS: descriptors announced: 3, passed: 2");
  for (const UniqueFd* listener : {&first, &third}) {
    EXPECT_EQ(TestPeer(local_endpoint(listener->get())).echo("x"), "x");
  }
}

TEST_F(PassedSockets, ExcludeThePortOption) {
  const UniqueFd socket = make_listener("127.0.0.1");
  const Outcome outcome =
      run(ECHO_SERVER, {"--port", "10000"}, {}, {.passed = {{"web", socket.get()}}});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.error,
            "echo_server: --port cannot be combined with sockets from the service manager; "
            "set it in the socket unit (systemd.socket(5))\n");
}

TEST_F(PassedSockets, AreRejectedUnlessTheyListen) {
  const UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const UniqueFd tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (const UniqueFd* fd : {&file, &udp, &tcp}) {
    const Outcome outcome = run(ECHO_SERVER, {}, {}, {.passed = {{"no\nlistener", fd->get()}}});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.error.find("passed descriptor 3 ('no\\nlistener') is not a listening TCP "
                                 "socket"),
              std::string::npos)
        << outcome.error;
  }
}

TEST_F(PassedSockets, AreServedBesideOtherDescriptors) {
  const UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const UniqueFd socket = make_listener("127.0.0.1");
  Program server(ECHO_SERVER, {}, {.passed = {{"file", file.get()}, {"socket", socket.get()}}});
  server.wait_for_line("warning: passed descriptor 3 ('file') is not a listening TCP socket");
  server.wait_for_line("starting up on ");
  EXPECT_EQ(TestPeer(local_endpoint(socket.get())).echo("x"), "x");
}

TEST_F(PassedSockets, ComeFromSystemdSocketActivate) {
  if (run("sh", {"-c", "command -v systemd-socket-activate"}).status != 0) {
    GTEST_SKIP() << "systemd-socket-activate is missing";
  }
  // systemd-socket-activate rejects port 0, so the test needs a private network for a fixed port.
  // The process becomes the server on the first connection.
  const std::string script =
      "systemd-socket-activate --listen=127.0.0.1:10000 \"$0\" --quiet & "
      "until \"$1\" --quiet; do sleep 0.01; done; kill $!; wait $!";
  const Outcome outcome = run("sh", {"-c", script, ECHO_SERVER, ECHO_CLIENT}, {},
                              {.private_network = {{"ipv4/ip_local_port_range", "32768 60999"}}});
  if (outcome.status == kNoPrivateNetwork)
    GTEST_SKIP() << "a network namespace is not permitted here";
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_NE(outcome.error.find("Communication attempt on fd 3"), std::string::npos);
}

// --- A malformed environment ---

struct BadEnvironment {
  std::string name;
  std::map<std::string, std::string> variables;
  std::string warning;
};

void PrintTo(const BadEnvironment& bad, std::ostream* out) {  // NOLINT(*-identifier-naming)
  *out << bad.name;
}

class MalformedEnvironment : public testing::TestWithParam<BadEnvironment> {};

TEST_P(MalformedEnvironment, LogsOneWarningAndServes) {
  ServerProgram server({}, {.environment = GetParam().variables});
  EXPECT_EQ(TestPeer(server.endpoint()).echo("healthy"), "healthy");
  EXPECT_EQ(server.stop(), 0);
  const std::string& text = server.error_text();
  const std::size_t place = text.find("warning: " + GetParam().warning);
  EXPECT_NE(place, std::string::npos) << text;
  EXPECT_EQ(text.find("warning: ", place + 1), std::string::npos) << text;
}

std::vector<BadEnvironment> bad_environments() {
  return {
      {"NegativeCount", {{"LISTEN_FDS", "-1"}, {"LISTEN_PID", "$$"}}, "LISTEN_FDS: \"-1\" "},
      {"HugeCount", {{"LISTEN_FDS", "99999999999"}, {"LISTEN_PID", "$$"}}, "LISTEN_FDS: \"9999"},
      {"LargeCount",
       {{"LISTEN_FDS", "2000000000"}, {"LISTEN_PID", "$$"}},
       "LISTEN_FDS: descriptors announced: 2000000000, passed: 0"},
      {"InvalidCount", {{"LISTEN_FDS", "many"}, {"LISTEN_PID", "$$"}}, "LISTEN_FDS: \"many\" "},
      {"ForeignProcess", {{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}}, "LISTEN_PID: \"1\" "},
      {"InvalidProcess", {{"LISTEN_FDS", "1"}, {"LISTEN_PID", "x"}}, "LISTEN_PID: \"x\" "},
      {"InvalidAddress", {{"NOTIFY_SOCKET", "notify"}}, "NOTIFY_SOCKET: \"notify\" "},
      {"CountWithoutProcess", {{"LISTEN_FDS", "1"}}, "LISTEN_FDS: LISTEN_PID is missing"},
      {"LongAddress", {{"NOTIFY_SOCKET", '/' + std::string(200, 'x')}}, "NOTIFY_SOCKET: \"/xxx"},
      {"MissingSocket",
       {{"NOTIFY_SOCKET", "/nowhere/notify"}},
       "cannot notify the service manager"},
      {"UnboundAddress",
       {{"NOTIFY_SOCKET", "@nonexistent/here"}},
       "cannot notify the service manager"},
  };
}

INSTANTIATE_TEST_SUITE_P(Each, MalformedEnvironment, testing::ValuesIn(bad_environments()),
                         [](const auto& each) { return each.param.name; });

TEST(FullNotifySocket, LogsAWarningAndServes) {
  const NotifySocket full;
  ServerProgram filler({}, {.environment = {{"NOTIFY_SOCKET", full.address},
                                            {"WATCHDOG_USEC", "2000"},
                                            {"WATCHDOG_PID", "$$"}}});
  filler.wait_for_line("warning: cannot notify the service manager at ");
  ServerProgram server({}, {.environment = {{"NOTIFY_SOCKET", full.address}}});
  server.wait_for_line("warning: cannot notify the service manager at ");
  EXPECT_EQ(TestPeer(server.endpoint()).echo("healthy"), "healthy");
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace echo::test
