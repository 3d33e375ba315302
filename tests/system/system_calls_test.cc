#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "echo/loop/quiet_set.h"
#include "echo/os/endpoint.h"
#include "echo/os/fd_set.h"
#include "support/program.h"
#include "support/test_peer.h"
#include "support/text.h"
#include "support/traced_server.h"

namespace echo::test {
namespace {

// Makes traffic of every kind: short and long messages, pipelining, short connections, a
// half-close, a reset.
void make_traffic(const Endpoint& server) {
  std::vector<TestPeer> peers;
  peers.reserve(10);
  for (int i = 0; i < 10; ++i) peers.emplace_back(server);
  for (TestPeer& peer : peers) EXPECT_EQ(peer.echo("message"), "message");
  const std::string large = random_bytes(1UL << 20);
  EXPECT_TRUE(peers[0].echo(large) == large);
  peers[1].send(large.substr(0, 200'000));
  peers[1].shut_down_sending();
  EXPECT_EQ(peers[1].receive_to_eof().size(), 200'000U);
  for (int i = 0; i < 10; ++i) peers[2].send("pipelined");
  EXPECT_EQ(peers[2].receive(90).size(), 90U);
  peers[3].send("x");
  peers[3].reset();
  for (int i = 0; i < 30; ++i) {
    peers[4].send("while others come and go");
    TestPeer{server};
  }
  EXPECT_EQ(peers[4].receive(720).size(), 720U);
}

// Returns the first argument of a call, which must be a descriptor.
int descriptor_of(const std::string& call) { return std::stoi(call.substr(call.find('(') + 1)); }

// Returns the descriptors that a select() reported writable: 5 and 6 for "= 2 (in [4], out [5 6])".
std::set<int> writable_of(const std::string& call) {
  std::set<int> fds;
  for (const std::string& out : first_groups_in(call, R"(\) = \d+ \(.*out \[([0-9 ]*)\])")) {
    std::istringstream numbers(out);
    for (int fd = 0; numbers >> fd;) fds.insert(fd);
  }
  return fds;
}

// The number of calls per name.
using Counts = std::map<std::string, std::size_t>;
Counts counts_of(const Trace& trace) {
  Counts counts;
  for (const std::string& call : trace) ++counts[name_of(call)];
  return counts;
}

TEST(SystemCalls, WaitOnlyBySelectAndStartNoThread) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  TracedServer server;
  make_traffic(server.endpoint());
  Counts count = counts_of(server.stop());
  EXPECT_GT(count["pselect6"] + count["select"], 10U);
  for (const char* forbidden :
       {"poll", "ppoll", "epoll_create", "epoll_create1", "epoll_wait", "epoll_pwait",
        "io_uring_setup", "clone", "clone3", "fork", "vfork"}) {
    EXPECT_EQ(count[forbidden], 0U) << forbidden;
  }
}

TEST(SystemCalls, SendOnlyToWritableSockets) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  TracedServer server;
  make_traffic(server.endpoint());
  std::set<int> writable;
  int sends = 0;
  for (const std::string& call : server.stop()) {
    // A select() about standard error alone belongs to the log.
    if (is_select(call) && call.find("(3, NULL, [2]") == std::string::npos) {
      writable = writable_of(call);
    }
    if (name_of(call) != "sendmsg" && name_of(call) != "sendto") continue;
    ++sends;
    EXPECT_EQ(writable.erase(descriptor_of(call)), 1U) << call;
  }
  EXPECT_GT(sends, 10);
}

TEST(SystemCalls, ReceiveOncePerSocketAndTurn) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  TracedServer server;
  make_traffic(server.endpoint());
  std::set<int> received;
  bool stopping = false;
  for (const std::string& call : server.stop()) {
    if (is_select(call)) received.clear();
    if (call.rfind("--- SIGTERM", 0) == 0) stopping = true;
    if (stopping || (name_of(call) != "recvfrom" && name_of(call) != "recvmsg")) continue;
    EXPECT_TRUE(received.insert(descriptor_of(call)).second) << call;
  }
}

// Returns the part of a trace after the last line that starts with `beginning`.
Trace calls_after(const Trace& trace, const std::string& beginning) {
  const auto last = std::find_if(trace.rbegin(), trace.rend(), [&](const std::string& line) {
    return line.rfind(beginning, 0) == 0;
  });
  return {last.base(), trace.end()};
}

// One select() reports all readable sockets, and the next one all writable sockets.
TEST(SystemCalls, IncludeTwoSelectsPerTurn) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  // The selector treats no connection as idle if there are so few.
  constexpr std::size_t kBusy = QuietSet::kFewIdle - 2;
  TracedServer server({}, {"--quiet"});
  const std::vector<TestPeer> peers = connect_many(server.endpoint(), kBusy);
  for (const TestPeer& peer : peers) peer.echo("here");
  server.wait_until_idle();
  server.program().freeze();
  for (const TestPeer& peer : peers) peer.send("message");
  server.program().signal(SIGCONT);
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.receive(7), "message");
  server.wait_until_idle();
  Counts made = counts_of(calls_after(server.trace(), "--- SIGCONT"));
  EXPECT_EQ(made["recvfrom"], kBusy);
  EXPECT_EQ(made["sendto"], kBusy);
  // The server sleeps in the third call.
  EXPECT_EQ(made["pselect6"], 3U);
}

TEST(SystemCalls, AreFourPerSingleMessage) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  constexpr std::size_t kMessages = 100;
  TracedServer server({}, {"--quiet"});
  const std::vector<TestPeer> peers = connect_many(server.endpoint(), 10);
  for (const TestPeer& peer : peers) peer.echo("here");
  server.wait_until_idle();
  const Counts before = counts_of(server.trace());
  for (std::size_t i = 0; i < kMessages; ++i) EXPECT_EQ(peers.front().echo("message"), "message");
  server.wait_until_idle();
  Counts made = counts_of(server.trace());
  for (const auto& [name, count] : before) made[name] -= count;
  EXPECT_EQ(made["recvfrom"], kMessages);
  EXPECT_EQ(made["sendto"], kMessages);
  EXPECT_EQ(made["pselect6"], 2 * kMessages);
  for (const char* name : {"recvfrom", "sendto", "pselect6"}) made.erase(name);
  for (const auto& [name, count] : made) EXPECT_EQ(count, 0U) << name;
}

// The cost of select() grows with its first argument.
TEST(SystemCalls, SelectLowNumbersBesideIdleConnections) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  constexpr std::size_t kClients = 500;
  if (!allow_descriptors(kClients + QuietSet::kFirstIdle)) GTEST_SKIP() << "too few descriptors";
  TracedServer server({}, {"--quiet"});
  const std::vector<TestPeer> peers = connect_many(server.endpoint(), kClients);
  for (int i = 0; i < 200; ++i) peers.back().echo("While one is busy, the others go idle.");
  server.wait_until_idle();
  const Trace trace = server.trace();
  const std::string& last = trace.back();
  ASSERT_TRUE(is_select(last)) << last;
  EXPECT_LE(descriptor_of(last), FdSet::kWordBits) << last;
}

// The server sleeps in one call until an event, whatever the number of connections.
TEST(SystemCalls, StopWhileTheServerIsIdle) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  constexpr std::size_t kClients = 1000;
  if (!allow_descriptors(kClients + 100)) GTEST_SKIP() << "too few descriptors";
  TracedServer server({}, {"--quiet"});
  const std::vector<TestPeer> peers = connect_many(server.endpoint(), kClients);
  for (int i = 0; i < 200; ++i) peers.front().echo("While one is busy, the others go idle.");
  EXPECT_GT(count_of(server.trace(), "FIOASYNC"), kClients / 2);
  server.wait_until_idle();
}

TEST(SystemCalls, SetNodelayOnEveryAcceptedSocket) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  TracedServer server;
  make_traffic(server.endpoint());
  int accepted = 0;
  int undelayed = 0;
  for (const std::string& call : server.stop()) {
    if (name_of(call).starts_with("accept") && call.find(" = -1 ") == std::string::npos) ++accepted;
    if (call.find("TCP_NODELAY, [1], 4) = 0") != std::string::npos) ++undelayed;
  }
  EXPECT_EQ(accepted, 40);
  EXPECT_EQ(undelayed, 40);
}

// Returns the names of the system calls that the unit of the service permits (systemd.exec(5),
// SystemCallFilter=), or an empty set if systemd-analyze(1) is missing.
std::set<std::string> permitted_by_the_unit() {
  std::ifstream unit(ECHO_SOURCE_DIR "/src/dist/systemd/echo_server.service.in");
  std::string words = "@default ";
  for (std::string line; std::getline(unit, line);) {
    const std::string setting = "SystemCallFilter=";
    if (line.starts_with(setting)) words += line.substr(setting.size()) + ' ';
  }
  std::set<std::string> calls;
  std::istringstream list(words);
  for (std::string word; list >> word;) {
    if (!word.starts_with('@')) {
      calls.insert(word);
      continue;
    }
    const Outcome group = run("systemd-analyze", {"syscall-filter", word});
    if (group.status != 0) return {};
    for (const std::string& call : first_groups_in(group.output, R"(\n +([a-z_0-9]+))")) {
      calls.insert(call);
    }
  }
  return calls;
}

TEST(SystemCalls, ArePermittedByTheUnit) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  if (sanitized()) GTEST_SKIP() << "a sanitizer makes calls of its own";
  std::set<std::string> permitted = permitted_by_the_unit();
  if (permitted.empty()) GTEST_SKIP() << "systemd-analyze(1) is missing";
  permitted.insert("wait4");  // Only process 1 calls it.
  TracedServer server;
  make_traffic(server.endpoint());
  server.program().signal(SIGUSR1);
  for (const std::string& call : server.stop()) {
    if (!matches(call, "[a-z_0-9]+\\(.*")) continue;
    EXPECT_EQ(permitted.count(name_of(call)), 1U) << call;
  }
}

}  // namespace
}  // namespace echo::test
