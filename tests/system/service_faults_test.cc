#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "echo/service/passed_descriptors.h"
#include "support/errors.h"
#include "support/fault.h"
#include "support/program.h"
#include "support/test_manager.h"
#include "support/test_peer.h"
#include "support/traced_server.h"

// Failing system calls during a handover, in the server that hands over and in its successor.
namespace echo::test {
namespace {

// A server with one client that hands over its connections on SIGUSR2.
class HandoverFaultTest : public FaultTest {
 protected:
  void begin(const std::vector<std::string>& options) {
    server_.emplace(options, std::vector<std::string>{"-d", "2s"},
                    LaunchSettings{.environment = {{"NOTIFY_SOCKET", manager_.address()}}});
    peer_.emplace(server_->endpoint());
    EXPECT_EQ(peer_->echo("before"), "before");
    server_->program().signal(SIGUSR2);
  }

  // Returns the number of the call that must fail, counted in a successful handover.
  std::string place() {
    begin({});
    const Trace trace = server_->finish();
    manager_.wait_for("FDSTORE=1");
    manager_.take_kept();
    return call_number_of(GetParam(), trace, kWhileServing);
  }

  TestManager manager_;
  std::optional<TracedServer> server_;
  std::optional<TestPeer> peer_;
};

class HandoverFault : public HandoverFaultTest {};

TEST_P(HandoverFault, DrainsInstead) {
  begin({inject(GetParam(), place())});
  EXPECT_EQ(peer_->receive_to_eof(), "");
  peer_.reset();
  server_->finish();
  server_->program().wait_for_line("warning: cannot hand over: " + GetParam().reason());
  server_->program().wait_for_line("SIGUSR2: draining 1 connection");
  // The server notifies the manager before the handover and before the drain. The second message
  // proves that the manager has handled all earlier ones.
  manager_.wait_for("STOPPING=1");
  manager_.wait_for("STOPPING=1");
  EXPECT_TRUE(manager_.take_kept().empty());
}

INSTANTIATE_TEST_SUITE_P(Each, HandoverFault,
                         testing::ValuesIn(join({faults("socketpair", kSocketPair, "SEQPACKET"),
                                                 faults("memfd_create", kMemoryFile),
                                                 faults("write", kWrite, "echo_server handover"),
                                                 faults("fcntl", {EBUSY, EPERM}, "F_ADD_SEALS"),
                                                 faults("sendmsg", kSendDescriptors,
                                                        "SCM_RIGHTS")})),
                         name_of_test);

INSTANTIATE_TEST_SUITE_P(FdStore, HandoverFault,
                         testing::ValuesIn(faults("sendmsg", kSendDescriptors, "FDSTORE")),
                         name_of_test);

// The manager has received everything, but the server gets no confirmation.
class HandoverBarrierFault : public HandoverFaultTest {};

TEST_P(HandoverBarrierFault, KeepsTheConnection) {
  begin({inject(GetParam(), place())});
  server_->finish();
  manager_.wait_for("FDSTORE=1");
  EXPECT_FALSE(peer_->has_input());
  EXPECT_EQ(manager_.take_kept().size(), 1U);
  server_->program().wait_for_line(
      "warning: handed over without confirmation: 1 connection, 0 bytes pending");
}

INSTANTIATE_TEST_SUITE_P(Each, HandoverBarrierFault,
                         testing::ValuesIn(join({faults("socketpair", kSocketPair, "SOCK_STREAM"),
                                                 faults("sendmsg", kSendDescriptors, "BARRIER")})),
                         name_of_test);

// A server that restores the connection of its predecessor.
class RestoreFaultTest : public HandoverFaultTest {
 protected:
  void restart(const std::vector<std::string>& options) {
    begin({});
    server_->finish();
    const std::vector<PassedDescriptor> kept = manager_.take_kept();
    ASSERT_EQ(kept.size(), 1U);
    server_.emplace(options, std::vector<std::string>{"-d", "100ms"},
                    LaunchSettings{.environment = {{"NOTIFY_SOCKET", manager_.address()}},
                                   .passed = {{kept.front().name, kept.front().fd.get()}}});
  }

  std::string place() {
    restart({});
    EXPECT_EQ(peer_->echo("after"), "after");
    peer_.reset();
    return call_number_of(GetParam(), server_->stop(), kFromTheStart);
  }

  // The server must have exited, because strace inherits the passed descriptors too.
  void expect_peer_lost() {
    try {
      EXPECT_EQ(peer_->receive_to_eof(), "");
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code(), std::errc::connection_reset);
    }
  }
};

class HandoverRestoreFault : public RestoreFaultTest {};

TEST_P(HandoverRestoreFault, LosesTheConnectionAndLogsAWarning) {
  restart({inject(GetParam(), place())});
  EXPECT_EQ(TestPeer(server_->endpoint()).echo("newcomer"), "newcomer");
  server_->stop();
  expect_peer_lost();
  EXPECT_NE(server_->program().error_text().find("warning: handover: "), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Each, HandoverRestoreFault,
                         testing::ValuesIn(join({faults("recvmsg", kRecvFatal),
                                                 faults("fcntl", {EBADF, EINVAL}, "F_GET_SEALS"),
                                                 faults("lseek", {EBADF, EINVAL, ENXIO},
                                                        "SEEK_HOLE")})),
                         name_of_test);

// The first SO_DOMAIN query is about the listener.
class HandoverListenerFault : public RestoreFaultTest {};

TEST_P(HandoverListenerFault, KeepsTheConnection) {
  restart({inject(GetParam(), place())});
  EXPECT_EQ(peer_->echo("after"), "after");
  peer_.reset();
  EXPECT_EQ(TestPeer(server_->endpoint()).echo("newcomer"), "newcomer");
  server_->stop();
  EXPECT_NE(server_->program().error_text().find("1 of 2 descriptors are missing"),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Each, HandoverListenerFault,
                         testing::ValuesIn(faults("getsockopt", kSocketOption, "SO_TYPE")),
                         name_of_test);

// The server treats the connection as one that has ended during the restart.
class HandoverPeerNameFault : public RestoreFaultTest {};

TEST_P(HandoverPeerNameFault, ClosesThatConnection) {
  restart({inject(GetParam(), place())});
  EXPECT_EQ(TestPeer(server_->endpoint()).echo("newcomer"), "newcomer");
  server_->stop();
  expect_peer_lost();
}

INSTANTIATE_TEST_SUITE_P(Each, HandoverPeerNameFault,
                         testing::ValuesIn(faults("getpeername", kSocketName)), name_of_test);

}  // namespace
}  // namespace echo::test
