#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "echo/base/errno_text.h"
#include "echo/os/endpoint.h"
#include "echo/server/message_queue.h"
#include "support/errors.h"
#include "support/fault.h"
#include "support/program.h"
#include "support/test_peer.h"
#include "support/text.h"
#include "support/traced_server.h"

// Failing system calls of the server.
namespace echo::test {
namespace {

void expect_served(const Endpoint& server) {
  EXPECT_EQ(TestPeer(server).echo("newcomer"), "newcomer");
}

// Expects that the server has closed the connection, with EOF or a reset.
void expect_lost(const TestPeer& victim) {
  try {
    EXPECT_EQ(victim.receive_to_eof(), "");
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::connection_reset);
  }
}

// A server whose system calls fail, a victim whose connection may fail, and a witness that must be
// served without an error.
class ServerFaultTest : public FaultTest {
 protected:
  void begin(const std::string& when) {
    // The drain timeout is short, because the fault may prevent a clean end.
    server_.emplace(std::vector{inject(GetParam(), when)}, std::vector<std::string>{"-d", "100ms"});
    witness_.emplace(server_->endpoint());
    EXPECT_EQ(witness_->echo("before"), "before");
  }

  TracedServer& server() { return *server_; }

  TestPeer& connect_victim() { return victim_.emplace(server_->endpoint()); }

  void expect_witness_served() { EXPECT_EQ(witness_->echo("witness"), "witness"); }

  Trace end() {
    expect_served(server_->endpoint());
    EXPECT_EQ(witness_->echo("after"), "after");
    // Both peers close first, so that the stop does not wait for them.
    witness_.reset();
    victim_.reset();
    return server_->stop();
  }

 private:
  std::optional<TracedServer> server_;
  std::optional<TestPeer> witness_;
  std::optional<TestPeer> victim_;
};

// --- accept() ---
// The first call accepts the witness, the second one finds no connection, and the third one accepts
// the victim.

std::vector<Fault> accept_client_faults() {
  const auto all = faults(kAcceptCall, kAcceptClientErrors);
  return is_posix_only() ? all : join({all, faults(kAcceptCall, kLinuxAcceptClientErrors)});
}

class AcceptFault : public ServerFaultTest {};

TEST_P(AcceptFault, LosesNoClient) {
  begin("3");
  TestPeer& victim = connect_victim();
  server().wait_for_faults(1);
  expect_witness_served();
  EXPECT_EQ(victim.echo("victim"), "victim");
  end();
}

INSTANTIATE_TEST_SUITE_P(Each, AcceptFault,
                         testing::ValuesIn(join({faults(kAcceptCall, {EAGAIN}),
                                                 accept_client_faults(),
                                                 faults(kAcceptCall, kAcceptResourceErrors)})),
                         name_of_test);

class DeadListenerFault : public ServerFaultTest {};

TEST_P(DeadListenerFault, ReopensTheListener) {
  begin("3");
  try {
    connect_victim();
  } catch (const std::system_error&) {
    // The kernel resets the connection if the server closes the listener first.
  }
  server().program().wait_for_line("error: cannot accept on 127.0.0.1 port ");
  server().program().wait_for_line("starting up on 127.0.0.1 port ");
  expect_witness_served();
  end();
}

INSTANTIATE_TEST_SUITE_P(Each, DeadListenerFault,
                         testing::ValuesIn(faults(kAcceptCall, kAcceptListenerErrors)),
                         name_of_test);

class RepeatedAcceptFault : public ServerFaultTest {};

TEST_P(RepeatedAcceptFault, DoesNotDelayTheNextClient) {
  begin("3..202");
  EXPECT_EQ(connect_victim().echo("next"), "next");
  expect_witness_served();
  const Trace trace = end();
  EXPECT_EQ(count_of(trace, "(INJECTED)"), 200U);
  EXPECT_EQ(count_of(trace, "(Timeout)"), 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, RepeatedAcceptFault, testing::ValuesIn(accept_client_faults()),
                         name_of_test);

class LastingAcceptFault : public ServerFaultTest {};

TEST_P(LastingAcceptFault, NeitherSpinsNorStopsTheServer) {
  begin("3+");
  TestPeer& victim = connect_victim();
  for (std::size_t faults = 1; faults <= 4; ++faults) {
    server().wait_for_faults(faults);
    expect_witness_served();
  }
  EXPECT_FALSE(victim.has_input());
  const Trace trace = server().stop();
  // The server waits before each retry, but not before the first call and not for the stop.
  EXPECT_LE(count_of(trace, "(INJECTED)"), count_of(trace, "(Timeout)") + 2);
}

INSTANTIATE_TEST_SUITE_P(Each, LastingAcceptFault,
                         testing::ValuesIn(faults(kAcceptCall, kAcceptResourceErrors)),
                         name_of_test);

// --- recv() and send(), recvmsg() and sendmsg() ---
// A short message takes recv() and send(). A long message also takes recvmsg() and sendmsg() if the
// server expects more than one block.

constexpr std::size_t kLong = 1UL << 20;

// Makes the server provide room for several blocks at a time, as it does after one full block.
void announce_long_messages(const TestPeer& peer) {
  const std::string block(MessageQueue::kBlockBytes, 'x');
  EXPECT_TRUE(peer.echo(block) == block);
}

class TransferFaultTest : public ServerFaultTest {
 protected:
  // The first `count` calls for the victim fail.
  void begin_with(int count) {
    const int first = is_of_long_messages() ? 1 : 2;
    begin(std::to_string(first) + ".." + std::to_string(first + count - 1));
  }

  // Makes the server execute the call.
  static void send_message(const TestPeer& victim) {
    if (is_of_long_messages()) announce_long_messages(victim);
    try {
      victim.send(is_of_long_messages() ? std::string(kLong, 'x') : "victim");
    } catch (const std::system_error&) {
      // The server has closed the connection before all bytes are sent.
    }
  }

 private:
  static bool is_of_long_messages() {
    const std::string_view call = GetParam().call;
    return call == "recvmsg" || call == "sendmsg";
  }
};

class TransientTransferFault : public TransferFaultTest {};

TEST_P(TransientTransferFault, LosesNoByte) {
  begin_with(100);
  TestPeer victim(server().endpoint());
  EXPECT_EQ(victim.echo("short"), "short");
  announce_long_messages(victim);
  const std::string message = random_bytes(kLong);
  EXPECT_TRUE(victim.echo(message) == message);
  expect_witness_served();
  EXPECT_EQ(count_of(end(), "(INJECTED)"), 100U);
}

INSTANTIATE_TEST_SUITE_P(
    Each, TransientTransferFault,
    testing::ValuesIn(join({faults("recvfrom", kNotNow), faults("sendto", kNotNow),
                            faults("recvmsg", kNotNow), faults("sendmsg", kNotNow)})),
    name_of_test);

class TransferFault : public TransferFaultTest {};

TEST_P(TransferFault, ClosesOnlyTheConnectionThatFails) {
  begin_with(1);
  const TestPeer& victim = connect_victim();
  send_message(victim);
  server().wait_for_faults(1);
  expect_witness_served();
  expect_lost(victim);
  server().program().wait_for_line("closing " + victim.local().to_string() +
                                   " after an error: " + GetParam().reason());
  end();
}

TEST_P(TransferFault, ClosesOnlyAffectedConnections) {
  begin_with(20);
  for (int i = 0; i < 20; ++i) {
    const TestPeer& victim = connect_victim();
    send_message(victim);
    expect_lost(victim);
  }
  EXPECT_EQ(count_of(end(), "(INJECTED)"), 20U);
}

INSTANTIATE_TEST_SUITE_P(
    Each, TransferFault,
    testing::ValuesIn(join({faults("recvfrom", kRecvFatal), faults("sendto", kSendFatal),
                            faults("recvmsg", kRecvFatal), faults("sendmsg", kSendFatal)})),
    name_of_test);

// --- select() ---

class SelectFault : public ServerFaultTest {};

TEST_P(SelectFault, DelaysClientsAndLosesNone) {
  begin("3..12");
  TestPeer& victim = connect_victim();
  EXPECT_EQ(victim.echo("victim"), "victim");
  expect_witness_served();
  server().program().wait_for_line("error: select: " + GetParam().reason());
  EXPECT_EQ(count_of(end(), "(INJECTED)"), 10U);
}

TEST_P(SelectFault, NeitherSpinsNorPreventsAStop) {
  TracedServer server({inject(GetParam(), "1+")});
  server.wait_for_faults(5);
  const Trace trace = server.stop();
  EXPECT_EQ(count_of(trace, "clock_nanosleep("), count_of(trace, "(INJECTED)"));
}

INSTANTIATE_TEST_SUITE_P(Each, SelectFault, testing::ValuesIn(faults("pselect6", kSelect)),
                         name_of_test);

class InterruptedSelectFault : public ServerFaultTest {};

TEST_P(InterruptedSelectFault, RetriesImmediately) {
  begin("3..102");
  TestPeer& victim = connect_victim();
  EXPECT_EQ(victim.echo("victim"), "victim");
  expect_witness_served();
  const Trace trace = end();
  EXPECT_EQ(count_of(trace, "(INJECTED)"), 100U);
  EXPECT_EQ(count_of(trace, "(Timeout)"), 0U);
  EXPECT_EQ(count_of(trace, "clock_nanosleep("), 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, InterruptedSelectFault,
                         testing::ValuesIn(faults("pselect6", {EINTR})), name_of_test);

// --- Signal-driven I/O on idle connections ---

// Serves 40 clients that go idle while one is busy and then send a message each, twice. Then stops
// the server.
Trace serve_idle_clients_and_stop(TracedServer& server) {
  const std::vector<TestPeer> clients = connect_many(server.endpoint(), 40);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(clients.front().echo("busy"), "busy");
    for (const TestPeer& peer : clients) EXPECT_EQ(peer.echo("silent"), "silent");
  }
  return server.stop();
}

// The end of the trace line of a read(2) from the signal descriptor: 16 events of 128 bytes.
constexpr const char* kWholeQueue = ", 2048)";

class SignalDrivenIoFault : public FaultTest {
 protected:
  static std::string place() {
    TracedServer rehearsal({}, quiet_options());
    return call_number_of(GetParam(), serve_idle_clients_and_stop(rehearsal), kFromTheStart);
  }

  static Trace serve_with_fault(const std::string& when) {
    TracedServer server({inject(GetParam(), when)}, quiet_options());
    return serve_idle_clients_and_stop(server);
  }

 private:
  static std::vector<std::string> quiet_options() { return {"--quiet", "-d", "100ms"}; }
};

TEST_P(SignalDrivenIoFault, LosesNoByte) {
  EXPECT_EQ(count_of(serve_with_fault(place()), "(INJECTED)"), 1U);
}

TEST_P(SignalDrivenIoFault, LosesNoByteIfPermanent) {
  EXPECT_GE(count_of(serve_with_fault(place() + '+'), "(INJECTED)"), 1U);
}

std::string name_with_argument(const testing::TestParamInfo<Fault>& info) {
  std::string argument = info.param.argument;
  std::erase_if(argument,
                [](char each) { return std::isalnum(static_cast<unsigned char>(each)) == 0; });
  return name_of_test(info) + argument;
}

INSTANTIATE_TEST_SUITE_P(Each, SignalDrivenIoFault,
                         testing::ValuesIn(join({faults("signalfd4", kSignalDescriptor),
                                                 faults("fcntl", kControl, "F_SETOWN"),
                                                 faults("fcntl", kControl, "F_SETSIG"),
                                                 faults("ioctl", kIoctl, "FIOASYNC"),
                                                 faults("read", kNotNow, kWholeQueue),
                                                 faults("read", kRead, kWholeQueue)})),
                         name_with_argument);

// --- Other calls while serving ---

// Serves three clients and stops the server. With `linger` the last one keeps its connection open.
Trace serve_and_stop(TracedServer& server, bool linger = false) {
  std::optional<TestPeer> witness(server.endpoint());
  EXPECT_EQ(witness->echo("before"), "before");
  TestPeer victim(server.endpoint());
  EXPECT_EQ(victim.echo("victim"), "victim");
  victim.shut_down_sending();
  expect_served(server.endpoint());
  EXPECT_EQ(witness->echo("after"), "after");
  // The fault may affect every write(2), also in the signal handler. The signal must then interrupt
  // the sleep.
  server.wait_until_idle();
  server.program().signal(SIGTERM);
  EXPECT_EQ(witness->receive_to_eof(), "");
  if (!linger) witness.reset();
  Trace trace = server.finish();
  EXPECT_EQ(victim.receive_to_eof(), "");
  return trace;
}

Trace rehearse(bool linger = false) {
  TracedServer server;
  return serve_and_stop(server, linger);
}

class MinorFault : public FaultTest {};

TEST_P(MinorFault, DoesNotAffectTheService) {
  TracedServer server({inject(GetParam(), call_number_of(GetParam(), rehearse(), kWhileServing))});
  EXPECT_EQ(count_of(serve_and_stop(server), "(INJECTED)"), 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, MinorFault,
                         testing::ValuesIn(join({faults("setsockopt", kSocketOption, "TCP_NODELAY"),
                                                 faults("shutdown", kShutdown),
                                                 faults("close", kClose), faults("listen", kListen),
                                                 faults("read", kNotNow, ", 1)")})),
                         name_of_test);

class DrainFault : public FaultTest {};

TEST_P(DrainFault, DoesNotPreventAStop) {
  const std::string place = call_number_of(GetParam(), rehearse(true), kWhileServing);
  TracedServer server({inject(GetParam(), place + '+')});
  EXPECT_GE(count_of(serve_and_stop(server, true), "(INJECTED)"), 1U);
  EXPECT_EQ(server.program().error_text().find("the drain timeout"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Each, DrainFault, testing::ValuesIn(faults("ioctl", kIoctl, "OUTQ")),
                         name_of_test);

class LogFault : public FaultTest {};

TEST_P(LogFault, DropsOneLineAndCountsIt) {
  TracedServer server({inject(GetParam(), call_number_of(GetParam(), rehearse(), kWhileServing))});
  serve_and_stop(server);
  const std::string line = server.program().wait_for_line("warning: log lines dropped: ");
  EXPECT_TRUE(line.ends_with(": 1")) << line;
}

TEST_P(LogFault, LosesOnlyLogLinesIfPermanent) {
  TracedServer server(
      {inject(GetParam(), call_number_of(GetParam(), rehearse(), kWhileServing) + '+')});
  EXPECT_GT(count_of(serve_and_stop(server), "(INJECTED)"), 10U);
}

INSTANTIATE_TEST_SUITE_P(
    Each, LogFault, testing::ValuesIn(join({faults("write", {EAGAIN}), faults("write", kWrite)})),
    name_of_test);

// A device may accept no byte and report no error.
TEST(ZeroByteLogWriteFault, LosesOnlyLogLines) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  const std::string place = call_number_of({"write", 0}, rehearse(), kWhileServing);
  TracedServer server({"--inject=write:retval=0:when=" + place + '+'});
  EXPECT_GT(count_of(serve_and_stop(server), "(INJECTED)"), 10U);
}

class InterruptedLogFault : public FaultTest {};

TEST_P(InterruptedLogFault, LosesNoLine) {
  TracedServer server({inject(GetParam(), call_number_of(GetParam(), rehearse(), kWhileServing))});
  EXPECT_EQ(count_of(serve_and_stop(server), "(INJECTED)"), 1U);
  const std::string& log = server.program().error_text();
  EXPECT_NE(log.find("new connection from "), std::string::npos);
  EXPECT_EQ(log.find("log lines dropped"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Each, InterruptedLogFault, testing::ValuesIn(faults("write", {EINTR})),
                         name_of_test);

// --- Memory: mmap(2) and brk(2) ---

std::string first_while_serving(const Trace& trace, const std::string& call) {
  const auto serving = std::find_if(trace.begin(), trace.end(), [](const std::string& line) {
    return name_of(line) == "pselect6";
  });
  return std::to_string(count_of(Trace(trace.begin(), serving), call + '(') + 1);
}

TEST(OutOfMemoryFault, ClosesOnlyTheAffectedConnection) {
  if (sanitized()) GTEST_SKIP() << "a sanitizer ends a program that is out of memory";
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  const Trace rehearsal = TracedServer().stop();
  // The brk() of the kernel reports no error. It returns the old end, which is below the requested
  // end (brk(2), "C library/kernel differences").
  TracedServer server({inject({"mmap", ENOMEM}, first_while_serving(rehearsal, "mmap") + '+'),
                       "--inject=brk:retval=0:when=" + first_while_serving(rehearsal, "brk") + '+'},
                      {"-q", "1G", "-d", "100ms"});
  TestPeer witness(server.endpoint());
  EXPECT_EQ(witness.echo("before"), "before");
  // The victim sends without end and reads nothing, so its queue grows.
  const TestPeer victim(server.endpoint());
  EXPECT_THROW(victim.send_until_stuck(), std::system_error);
  server.program().wait_for_line("closing " + victim.local().to_string() +
                                 " after an error: " + ErrnoText{ENOMEM}.to_string());
  expect_served(server.endpoint());
  EXPECT_EQ(witness.echo("after"), "after");
  server.stop();
}

// --- Start ---

class StartFault : public FaultTest {
 protected:
  static std::string error_of(const std::string& call) {
    if (call == "rt_sigaction") return "cannot catch signal " + std::to_string(SIGTERM);
    if (call == "rt_sigprocmask") return "cannot block signals";
    if (call == "getsockname") return "cannot read the port of the listener on 127.0.0.1";
    if (call == "pipe2") return "cannot create the signal pipe";
    return "cannot listen on 127.0.0.1 port 0";
  }
};

TEST_P(StartFault, FailsWithOneErrorLine) {
  if (sanitized() && std::string_view(GetParam().call) == "pipe2") {
    GTEST_SKIP() << "a sanitizer needs a pipe to check whether memory is readable";
  }
  const std::string place = call_number_of(GetParam(), TracedServer().stop(), kFromTheStart);
  const TracedOutcome server =
      run_traced({inject(GetParam(), place + '+')}, ECHO_SERVER, {"-H", "127.0.0.1", "-p", "0"});
  EXPECT_EQ(server.outcome.status, 1);
  EXPECT_EQ(server.outcome.error,
            "echo_server: " + error_of(GetParam().call) + ": " + GetParam().reason() + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Each, StartFault,
    testing::ValuesIn(join({faults("socket", kSocket), faults("setsockopt", kSocketOption),
                            faults("bind", kBind), faults("listen", kListen),
                            faults("getsockname", kSocketName), faults("pipe2", kPipe),
                            faults("rt_sigprocmask", kSignalSetting, "SIG_BLOCK, [HUP INT"),
                            faults("rt_sigaction", kSignalSetting, "SIGTERM")})),
    name_of_test);

class MinorStartFault : public FaultTest {};

TEST_P(MinorStartFault, DoesNotAffectTheService) {
  const std::string place = call_number_of(GetParam(), TracedServer().stop(), kFromTheStart);
  TracedServer server({inject(GetParam(), place)});
  EXPECT_EQ(count_of(serve_and_stop(server), "(INJECTED)"), 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, MinorStartFault,
                         testing::ValuesIn(join({faults("prlimit64", kLimit, "RLIMIT_NOFILE"),
                                                 faults("fcntl", {EBADF}, "F_GETFD"),
                                                 faults("ioctl", kIoctl, "TCGETS"),
                                                 faults("openat", kOpen, "/proc/self/fd/2"),
                                                 faults("bind", {EADDRINUSE})})),
                         name_of_test);

TEST(DescriptorLimitFault, TriesHalfOfARejectedLimit) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max / 4;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  const Fault fault{"prlimit64", EINVAL, "RLIMIT_NOFILE, {"};
  const std::string place = call_number_of(fault, TracedServer().stop(), kFromTheStart);
  TracedServer server({inject(fault, place)});
  EXPECT_EQ(count_of(serve_and_stop(server), "RLIMIT_NOFILE, {"), 2U);
  EXPECT_FALSE(has(server.program().error_text(), "warning"));
}

// Other processes share the open file description, so O_NONBLOCK would affect them too.
TEST(LogReopenFault, LeavesTheFlagsOfThePipeUnchanged) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  const Fault fault{"openat", EACCES, "/proc/self/fd/2"};
  const std::string place = call_number_of(fault, TracedServer().stop(), kFromTheStart);
  TracedServer server({inject(fault, place)});
  const Trace trace = serve_and_stop(server);
  EXPECT_EQ(count_of(trace, "(INJECTED)"), 1U);
  EXPECT_EQ(count_of(trace, "fcntl(2, F_SETFL"), 0U);
}

}  // namespace
}  // namespace echo::test
