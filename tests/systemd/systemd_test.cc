// The package on a real systemd in a container.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "support/test_peer.h"
#include "support/text.h"
#include "systemd/machine.h"

namespace echo::test {
namespace {

// Makes the package and returns its path.
std::string make_package(const std::string& version) {
  const std::string directory = ECHO_SYSTEMD_PACKAGES;
  const CommandResult made =
      shell(std::string(ECHO_CPACK) + " -G DEB --config " + ECHO_BUILD_DIR +
            "/CPackConfig.cmake -B " + directory + " -D CPACK_PACKAGE_VERSION=" + version);
  if (made.status != 0) throw std::runtime_error("cpack: " + made.output);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename().string().find('_' + version + '_') != std::string::npos) {
      return entry.path();
    }
  }
  throw std::runtime_error("cpack made no package: " + made.output);
}

// Each test starts with the services and the sockets as installed.
class Systemd : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (const auto obstacle = Machine::obstacle()) {
      suite().skip_reason = "skipped: " + *obstacle;
      return;
    }
    suite().package = make_package("1.0.0");
    try {
      suite().machine = std::make_unique<Machine>(suite().package);
    } catch (const NoMachine& error) {
      suite().skip_reason = std::string("skipped: ") + error.what();
    }
  }

  static void TearDownTestSuite() { suite().machine.reset(); }

  void SetUp() override {
    if (suite().machine == nullptr) GTEST_SKIP() << suite().skip_reason;
    started_ = machine().must("date +@%s.%6N");
    started_.pop_back();
  }

  void TearDown() override {
    if (suite().machine == nullptr) return;
    if (HasFailure()) {
      std::cout << journal("--output short --lines 100");
    }
    in("systemctl stop echo_server.socket echo_server.service 'echo_server@*.service';"
       "rm -rf /etc/systemd/system/echo_server*; echo ECHO_SERVER_OPTIONS= "
       ">/etc/default/echo_server;"
       "systemctl daemon-reload; systemctl reset-failed");
  }

  // The path of the package in the container.
  static std::string installed_package() {
    return "/package/" + std::filesystem::path(suite().package).filename().string();
  }

  static const Machine& machine() { return *suite().machine; }

  static CommandResult in(const std::string& command) { return machine().run(command); }

  static void set_options(const std::string& options) {
    machine().must("echo 'ECHO_SERVER_OPTIONS=\"" + options + "\"' >/etc/default/echo_server");
  }

  // Adds settings to a unit like `systemctl edit`.
  static void add_settings(const std::string& unit, const std::string& settings) {
    const std::string directory = "/etc/systemd/system/" + unit + ".d";
    machine().must("mkdir -p " + directory + " && printf '" + settings + "' >" + directory +
                   "/test.conf && systemctl daemon-reload");
  }

  static std::string property(const std::string& name,
                              const std::string& unit = "echo_server.service") {
    std::string value = machine().must("systemctl show --value --property " + name + ' ' + unit);
    value.pop_back();
    return value;
  }

  static std::string main_pid() { return property("MainPID"); }

  // Returns the log of the service since the start of this test.
  std::string journal(const std::string& options = {}) const {
    machine().must("journalctl --sync");
    return in("journalctl --unit echo_server --output cat --quiet --since '" + started_ + "' " +
              options)
        .output;
  }

  static Endpoint server(std::uint16_t port = 10000) { return resolve("127.0.0.1", port).front(); }

  // Waits until systemd has replaced the server with the process ID `pid`.
  static void wait_for_successor(const std::string& pid) {
    machine().wait_for(
        "systemctl show --property MainPID,ActiveState echo_server | tr '\\n' ' ' | "
        "grep -v 'MainPID=" +
        pid + " ' | grep ActiveState=active");
  }

 private:
  // Shared by all tests.
  struct Suite {
    std::unique_ptr<Machine> machine;
    std::string skip_reason;
    std::string package;
  };
  static Suite& suite() {
    static Suite suite;
    return suite;
  }

  std::string started_;
};

TEST_F(Systemd, InstallsWithoutStarting) {
  EXPECT_EQ(property("ActiveState"), "inactive");
  EXPECT_EQ(property("UnitFileState"), "disabled");
  EXPECT_EQ(property("UnitFileState", "echo_server.socket"), "disabled");
}

TEST_F(Systemd, ServesWhenStartReturns) {
  machine().must("systemctl start echo_server");
  EXPECT_EQ(TestPeer(server()).echo("at once"), "at once");
}

TEST_F(Systemd, ShowsTheStatus) {
  machine().must("systemctl start echo_server");
  const TestPeer peer(server());
  EXPECT_EQ(peer.echo("12345"), "12345");
  machine().wait_for("systemctl status echo_server | grep -F '\"1 connection, 5 B echoed\"'");
}

TEST_F(Systemd, KeepsThePriorityOfLogLines) {
  set_options("--max-connections 1");
  machine().must("systemctl start echo_server");
  const TestPeer peer(server());
  EXPECT_EQ(peer.echo("x"), "x");
  EXPECT_EQ(TestPeer(server()).receive_to_eof(), "");
  EXPECT_TRUE(
      journal("--priority warning..warning").starts_with("warning: connections refused: 1, "));
  const std::string info = journal("--priority info..info --grep 'starting up'");
  EXPECT_TRUE(info.starts_with("starting up on 127.0.0.1 port 10000\n")) << info;
}

TEST_F(Systemd, RestartsAServerThatHangs) {
  add_settings("echo_server.service", "[Service]\\nWatchdogSec=1s\\n");
  machine().must("systemctl start echo_server");
  const std::string pid = main_pid();
  machine().must("kill -STOP " + pid);
  wait_for_successor(pid);
  EXPECT_TRUE(has(journal(), "Watchdog timeout"));
  EXPECT_EQ(TestPeer(server()).echo("again"), "again");
}

TEST_F(Systemd, DoesNotRestartAnIdleServer) {
  add_settings("echo_server.service", "[Service]\\nWatchdogSec=1s\\n");
  machine().must("systemctl start echo_server");
  const std::string pid = main_pid();
  // The server stays idle for three watchdog periods and must notify systemd in each.
  const std::string first = property("WatchdogTimestampMonotonic");
  machine().wait_for(
      "test $(systemctl show --value --property WatchdogTimestampMonotonic "
      "echo_server) -gt $((" +
      first + " + 3000000))");
  EXPECT_EQ(main_pid(), pid);
}

TEST_F(Systemd, RestartsAServerThatIsKilled) {
  machine().must("systemctl start echo_server");
  const std::string pid = main_pid();
  machine().must("kill -KILL " + pid);
  wait_for_successor(pid);
  EXPECT_EQ(TestPeer(server()).echo("again"), "again");
}

TEST_F(Systemd, DoesNotRetryAnInvalidCommandLine) {
  set_options("--port none");
  EXPECT_NE(in("systemctl start echo_server").status, 0);
  EXPECT_EQ(property("ActiveState"), "failed");
  EXPECT_EQ(property("NRestarts"), "0");
  EXPECT_TRUE(has(journal("--priority err"), "echo_server: --port: 'none' is not a port"));
}

TEST_F(Systemd, StartsOnTheFirstConnection) {
  machine().must("systemctl start echo_server.socket");
  EXPECT_EQ(property("ActiveState"), "inactive");
  EXPECT_EQ(TestPeer(server()).echo("first"), "first");
  EXPECT_EQ(property("ActiveState"), "active");
  EXPECT_EQ(TestPeer(resolve("::1", 10000).front()).echo("the other address"), "the other address");
}

TEST_F(Systemd, RejectsAPortWithPassedSockets) {
  set_options("--port 7");
  machine().must("systemctl start echo_server.socket");
  const TestPeer peer(server());
  machine().wait_for("systemctl is-failed echo_server");
  EXPECT_TRUE(has(journal("--priority err"), "--port cannot be combined with sockets from"));
}

TEST_F(Systemd, StartsAStoppedServerForAClient) {
  machine().must("systemctl start echo_server.socket");
  EXPECT_EQ(TestPeer(server()).echo("first"), "first");
  machine().must("systemctl stop echo_server");
  // The socket still listens, and a connection starts the server.
  EXPECT_EQ(TestPeer(server()).echo("second"), "second");
}

TEST_F(Systemd, ServesPassedSocketsWithoutANetwork) {
  machine().must(
      "mkdir -p /etc/systemd/system/echo_server.service.d && "
      "cp /usr/share/doc/echo-server/examples/private-network.conf "
      "/etc/systemd/system/echo_server.service.d/ && systemctl daemon-reload");
  machine().must("systemctl start echo_server.socket");
  const TestPeer peer(server());
  EXPECT_EQ(peer.echo("through"), "through");
  EXPECT_EQ(in("systemd-analyze security --threshold=8 echo_server").status, 0);
  machine().must("systemctl restart echo_server");
  EXPECT_EQ(peer.echo("still through"), "still through");
}

// 1,000 connections. Every tenth one has filled all buffers in both directions and has read
// nothing yet.
class OpenConnections {
 public:
  explicit OpenConnections(const Endpoint& server) {
    for (std::size_t i = 0; i < kCount; ++i) {
      if (is_slow(i)) {
        peers_.push_back(TestPeer::with_buffers(server, 65536));
      } else {
        peers_.emplace_back(server);
        EXPECT_EQ(peers_.back().echo("x"), "x");
      }
    }
    sent_.resize(kCount);
    // Sends until no connection accepts a byte for ten rounds.
    bool moved = true;
    for (int rounds = 0; moved || rounds < 10; ++rounds) {
      moved = false;
      for (std::size_t i = 0; i < kCount; i += kSlow) {
        const std::size_t bytes = send(peers_[i].fd(), rest_of(i)).bytes;
        sent_[i] += bytes;
        moved = moved || bytes > 0;
      }
      if (moved) rounds = 0;
      ::usleep(10'000);
    }
  }

  // Expects that every connection is open and receives all pending bytes.
  void expect_whole() {
    for (std::size_t i = 0; i < kCount; ++i) {
      if (!is_slow(i)) {
        EXPECT_EQ(peers_[i].echo("y"), "y");
        continue;
      }
      peers_[i].shut_down_sending();
      EXPECT_GT(sent_[i], 0U);
      EXPECT_TRUE(peers_[i].receive_to_eof() == text_of(i).substr(0, sent_[i])) << i;
    }
  }

 private:
  static constexpr std::size_t kCount = 1000;
  static constexpr std::size_t kSlow = 10;

  static bool is_slow(std::size_t i) { return i % kSlow == 0; }

  // Each connection sends a different text.
  std::string_view text_of(std::size_t i) const { return std::string_view(text_).substr(i); }
  std::string_view rest_of(std::size_t i) const { return text_of(i).substr(sent_[i]); }

  const std::string text_ = random_bytes(64UL << 20);
  std::vector<TestPeer> peers_;
  std::vector<std::size_t> sent_;
};

TEST_F(Systemd, KeepsConnectionsOnRestart) {
  machine().must("systemctl start echo_server");
  OpenConnections connections(server());
  for (int i = 0; i < 3; ++i) {
    const std::string pid = main_pid();
    machine().must("systemctl restart echo_server");
    EXPECT_NE(main_pid(), pid);
  }
  EXPECT_TRUE(has(journal(), "handed over: 1000 connections, "));
  EXPECT_FALSE(has(journal(), ", 0 bytes pending"));
  connections.expect_whole();
  EXPECT_EQ(journal("--priority warning"), "");
}

TEST_F(Systemd, KeepsConnectionsOnUpgrade) {
  machine().must("systemctl start echo_server");
  OpenConnections connections(server());
  const std::string pid = main_pid();
  const std::string upgrade = std::filesystem::path(make_package("1.0.1")).filename();
  machine().must("dpkg -i /package/" + upgrade);
  EXPECT_NE(main_pid(), pid);
  connections.expect_whole();
  machine().must("dpkg -i " + installed_package());
}

TEST_F(Systemd, KeepsConnectionsWhenThePortChanges) {
  machine().must("systemctl start echo_server");
  const TestPeer peer(server());
  EXPECT_EQ(peer.echo("x"), "x");
  set_options("--port 7");
  machine().must("systemctl restart echo_server");
  EXPECT_EQ(peer.echo("still here"), "still here");
  EXPECT_EQ(TestPeer(server(7)).echo("and there"), "and there");
  EXPECT_THROW(TestPeer{server()}, std::system_error);
}

TEST_F(Systemd, ClosesConnectionsOnStop) {
  machine().must("systemctl start echo_server");
  const TestPeer peer(server());
  EXPECT_EQ(peer.echo("x"), "x");
  machine().must("systemctl stop echo_server");
  EXPECT_EQ(peer.receive_to_eof(), "");
  EXPECT_EQ(property("Result"), "success");
}

TEST_F(Systemd, RestartsSeveralInstancesOnOnePort) {
  machine().must("systemctl start echo_server@0 echo_server@1");
  const std::vector<TestPeer> peers = connect_many(server(), 50);
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("before"), "before");
  machine().must("systemctl restart 'echo_server@*'");
  for (const TestPeer& peer : peers) EXPECT_EQ(peer.echo("after"), "after");
  std::size_t all = 0;
  for (const std::string unit : {"echo_server@0", "echo_server@1"}) {
    EXPECT_EQ(property("ActiveState", unit), "active");
    const std::size_t connections = std::stoul(property("StatusText", unit));
    EXPECT_GT(connections, 0U) << "the kernel has assigned no connection to " << unit;
    all += connections;
  }
  EXPECT_EQ(all, peers.size());
}

TEST_F(Systemd, EnforcesTheSandbox) {
  machine().must("mkdir -p /home/somebody && touch /home/somebody/secret");
  set_options("--port 7");
  machine().must("systemctl start echo_server");
  EXPECT_EQ(TestPeer(server(7)).echo("x"), "x");
  const std::string process = "/proc/" + main_pid();
  const std::string root = process + "/root";
  for (const std::string directory : {"/", "/etc", "/usr/sbin", "/var/lib", "/run", "/run/lock"}) {
    const CommandResult written =
        in(std::string("touch ").append(root).append(directory) + "/file");
    EXPECT_TRUE(has(written.output, "Read-only file system"))
        << directory << ": " << written.output;
  }
  EXPECT_EQ(in("ls -A " + process + "/root/home").output, "");
  const std::string status = machine().must("cat " + process + "/status");
  EXPECT_FALSE(has(status, "\nUid:\t0\t"));
  EXPECT_TRUE(has(status, "\nNoNewPrivs:\t1\n"));
  EXPECT_TRUE(has(status, "\nSeccomp:\t2\n"));
  // The only capability is CAP_NET_BIND_SERVICE.
  EXPECT_TRUE(has(status, "\nCapEff:\t0000000000000400\n"));
  EXPECT_TRUE(has(status, "\nCapBnd:\t0000000000000400\n"));
  EXPECT_EQ(in("systemd-analyze security --threshold=15 echo_server").status, 0);
  EXPECT_EQ(journal("--priority warning"), "");
}

TEST_F(Systemd, LeavesNothingAfterPurge) {
  machine().must("systemctl enable echo_server echo_server.socket echo_server@1");
  machine().must("systemctl start echo_server");
  machine().must("dpkg --purge echo-server");
  EXPECT_EQ(machine().must("find / -xdev -not -path '/package/*' -not -path '/proc/*' -not -path "
                           "'/var/lib/dpkg/*' -name '*echo[_-][sc][el]*'"),
            "");
  EXPECT_EQ(machine().must("systemctl list-units --all --plain --no-legend 'echo_server*'"), "");
  EXPECT_NE(in("dpkg --status echo-server").status, 0);
  machine().must("dpkg -i " + installed_package());
}

}  // namespace
}  // namespace echo::test
