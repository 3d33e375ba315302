#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "echo/endpoint.h"
#include "support/test_peer.h"
#include "support/traced_server.h"

namespace echo::testing {
namespace {

// What every kind of traffic does: short messages, long ones, many peers that come and go,
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

bool is_select(const std::string& call) {
  return name_of(call) == "pselect6" || name_of(call) == "select";
}

// The first argument of a call, where it is a descriptor.
int descriptor_of(const std::string& call) { return std::stoi(call.substr(call.find('(') + 1)); }

// The descriptors that a call of select() reported writable: "= 2 (in [4], out [5 6])".
std::set<int> writable_of(const std::string& call) {
  std::set<int> fds;
  static const std::regex kOut(R"(\) = \d+ \(.*out \[([0-9 ]*)\])");
  std::smatch match;
  if (!std::regex_search(call, match, kOut)) return fds;
  std::istringstream numbers(match[1].str());
  for (int fd = 0; numbers >> fd;) fds.insert(fd);
  return fds;
}

TEST(SystemCalls, WaitByNothingButSelectAndStartNoThread) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  TracedServer server;
  make_traffic(server.endpoint());
  std::map<std::string, int> count;
  for (const std::string& call : server.stop()) ++count[name_of(call)];
  EXPECT_GT(count["pselect6"] + count["select"], 10);
  for (const char* forbidden :
       {"poll", "ppoll", "epoll_create", "epoll_create1", "epoll_wait", "epoll_pwait",
        "io_uring_setup", "clone", "clone3", "fork", "vfork"}) {
    EXPECT_EQ(count[forbidden], 0) << forbidden;
  }
}

TEST(SystemCalls, SendOnlyWhereTheLastSelectReportedTheSocketWritable) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  TracedServer server;
  make_traffic(server.endpoint());
  std::set<int> writable;
  int sends = 0;
  for (const std::string& call : server.stop()) {
    if (is_select(call)) writable = writable_of(call);
    if (name_of(call) != "sendmsg" && name_of(call) != "sendto") continue;
    ++sends;
    EXPECT_EQ(writable.erase(descriptor_of(call)), 1U) << call;
  }
  EXPECT_GT(sends, 10);
}

TEST(SystemCalls, ReceiveOnceATurnFromEachSocketAtTheMost) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  TracedServer server;
  make_traffic(server.endpoint());
  std::set<int> received;
  bool stopping = false;
  for (const std::string& call : server.stop()) {
    if (is_select(call)) received.clear();
    if (call.rfind("--- SIGTERM", 0) == 0) stopping = true;
    if (stopping || name_of(call) != "recvfrom") continue;
    EXPECT_TRUE(received.insert(descriptor_of(call)).second) << call;
  }
}

TEST(SystemCalls, EveryAcceptedSocketSendsWithoutDelay) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  TracedServer server;
  make_traffic(server.endpoint());
  int accepted = 0;
  int undelayed = 0;
  for (const std::string& call : server.stop()) {
    if (name_of(call) == "accept4" && call.find(") = -1") == std::string::npos) ++accepted;
    if (call.find("TCP_NODELAY, [1], 4) = 0") != std::string::npos) ++undelayed;
  }
  EXPECT_EQ(accepted, 40);
  EXPECT_EQ(undelayed, 40);
}

}  // namespace
}  // namespace echo::testing
