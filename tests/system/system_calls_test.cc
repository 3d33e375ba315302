#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <optional>
#include <ostream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/program.h"
#include "support/temporary_file.h"
#include "support/test_peer.h"

namespace echo::testing {
namespace {

// A leak check would need to trace the program itself.
Surroundings traceable() { return {.environment = {{"ASAN_OPTIONS", "detect_leaks=0"}}}; }

bool can_trace() { return run("strace", {"-o", "/dev/null", "true"}).status == 0; }

std::vector<std::string> strace_arguments(const std::string& output,
                                          const std::vector<std::string>& options) {
  // -D: the server is our child, and the tracer stands beside it. Verbose: its log lines come
  // between all that it does, and must not come in its way.
  std::vector<std::string> arguments{"-D", "-o", output};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(), {ECHO_SERVER, "-H", "127.0.0.1", "-p", "0", "-v"});
  return arguments;
}

// An echo_server under strace(1).
class TracedServer {
 public:
  explicit TracedServer(const std::vector<std::string>& options = {})
      : program_("strace", strace_arguments(file_.path(), options), traceable()) {
    const std::string line = program_.wait_for_line("starting up on ");
    const std::string port = line.substr(line.rfind(' '));
    endpoint_ = resolve("127.0.0.1", static_cast<std::uint16_t>(std::stoul(port))).front();
  }

  Program& program() { return program_; }
  const Endpoint& endpoint() const { return endpoint_; }

  // Stops it, and returns the system calls that it made, in order.
  std::vector<std::string> stop() {
    program_.signal(SIGTERM);
    EXPECT_EQ(program_.wait_for_exit(), 0);
    // The tracer writes its last lines after the server is gone.
    std::string text;
    wait_until([&] { return (text = file_.contents()).find("+++ exited") != std::string::npos; });
    std::istringstream lines(text);
    std::vector<std::string> calls;
    for (std::string line; std::getline(lines, line);) calls.push_back(line);
    return calls;
  }

 private:
  TemporaryFile file_;
  Program program_;
  Endpoint endpoint_;
};

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

std::string name_of(const std::string& call) { return call.substr(0, call.find('(')); }

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
  if (!can_trace()) GTEST_SKIP() << "strace is missing, or may not trace";
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
  if (!can_trace()) GTEST_SKIP() << "strace is missing, or may not trace";
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
  if (!can_trace()) GTEST_SKIP() << "strace is missing, or may not trace";
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
  if (!can_trace()) GTEST_SKIP() << "strace is missing, or may not trace";
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

struct Fault {
  const char* call;
  const char* error;
};

void PrintTo(const Fault& fault, std::ostream* out) {  // NOLINT(*-identifier-naming)
  *out << fault.call << ' ' << fault.error;
}

class FaultOfTheSystem : public ::testing::TestWithParam<Fault> {};

TEST_P(FaultOfTheSystem, LeavesTheServerServing) {
  if (!can_trace()) GTEST_SKIP() << "strace is missing, or may not trace";
  const auto [call, error] = GetParam();
  TracedServer server({std::string("--inject=") + call + ":error=" + error + ":when=2"});
  TestPeer witness(server.endpoint());
  EXPECT_EQ(witness.echo("before"), "before");
  // Some of these meet the fault, and may be lost by it; the server must not be.
  for (int i = 0; i < 3; ++i) {
    try {
      TestPeer victim(server.endpoint());
      victim.echo("victim");
    } catch (const std::system_error&) {
    }
  }
  TestPeer last(server.endpoint());
  EXPECT_EQ(last.echo("after"), "after");
  const std::vector<std::string> calls = server.stop();
  EXPECT_TRUE(std::any_of(calls.begin(), calls.end(), [](const std::string& line) {
    return line.find("(INJECTED)") != std::string::npos;
  }));
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultOfTheSystem,
    ::testing::Values(Fault{"accept4", "EMFILE"}, Fault{"accept4", "ENFILE"},
                      Fault{"accept4", "ENOBUFS"}, Fault{"accept4", "ENOMEM"},
                      Fault{"accept4", "ECONNABORTED"}, Fault{"accept4", "EPROTO"},
                      Fault{"accept4", "EINTR"}, Fault{"accept4", "EPERM"},
                      Fault{"recvfrom", "ECONNRESET"}, Fault{"recvfrom", "EINTR"},
                      Fault{"recvfrom", "EAGAIN"}, Fault{"sendmsg", "EPIPE"},
                      Fault{"sendmsg", "EINTR"}, Fault{"sendmsg", "EAGAIN"},
                      Fault{"pselect6", "EINTR"}, Fault{"pselect6", "ENOMEM"}),
    [](const auto& each) { return std::string(each.param.call) + "_" + each.param.error; });

}  // namespace
}  // namespace echo::testing
