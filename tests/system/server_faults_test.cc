#include <gtest/gtest.h>

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
#include "support/traced_server.h"

// The server, whose system calls fail.
namespace echo::test {
namespace {

void expect_served(const Endpoint& server) {
  EXPECT_EQ(TestPeer(server).echo("newcomer"), "newcomer");
}

// A client that must not be served: by EOF or by a reset.
void expect_lost(const TestPeer& victim) {
  try {
    EXPECT_EQ(victim.receive_to_eof(), "");
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::connection_reset);
  }
}

// A server that meets faults, a victim of them, and a witness: a client that none of them is for.
class ServerFaultTest : public FaultTest {
 protected:
  void begin(const std::string& when) {
    // A stop does not wait long for what the fault keeps from happening.
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
    // A server that stops would give them time to hang up.
    witness_.reset();
    victim_.reset();
    return server_->stop();
  }

 private:
  std::optional<TracedServer> server_;
  std::optional<TestPeer> witness_;
  std::optional<TestPeer> victim_;
};

// --- accept4() ---
// The witness's comes first, then one that finds nobody waiting, then the victim's.

class FaultOfAccept : public ServerFaultTest {};

TEST_P(FaultOfAccept, LosesNobody) {
  begin("3");
  TestPeer& victim = connect_victim();
  server().wait_for_faults(1);
  expect_witness_served();
  EXPECT_EQ(victim.echo("victim"), "victim");
  end();
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfAccept,
                         testing::ValuesIn(join({faults("accept4", {EAGAIN}),
                                                 faults("accept4", kAcceptOfOneClient),
                                                 faults("accept4", kAcceptOfTheSystem)})),
                         name_of_test);

class FaultOfADeadListener : public ServerFaultTest {};

TEST_P(FaultOfADeadListener, HasItOpenedAgain) {
  begin("3");
  try {
    connect_victim();
  } catch (const std::system_error&) {
    // The listener that it is reset with may be gone before it has connected.
  }
  server().program().wait_for_line("error: cannot accept on 127.0.0.1 port ");
  server().program().wait_for_line("starting up on 127.0.0.1 port ");
  expect_witness_served();
  end();
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfADeadListener,
                         testing::ValuesIn(faults("accept4", kAcceptOfADeadListener)),
                         name_of_test);

class FaultOfManyWhoWait : public ServerFaultTest {};

TEST_P(FaultOfManyWhoWait, DoesNotKeepTheNextOneWaiting) {
  begin("3..202");
  EXPECT_EQ(connect_victim().echo("next"), "next");
  expect_witness_served();
  const Trace trace = end();
  EXPECT_EQ(count_of(trace, "(INJECTED)"), 200U);
  EXPECT_EQ(count_of(trace, "(Timeout)"), 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfManyWhoWait,
                         testing::ValuesIn(faults("accept4", kAcceptOfOneClient)), name_of_test);

class LastingFaultOfAccept : public ServerFaultTest {};

TEST_P(LastingFaultOfAccept, NeitherSpinsNorStopsTheService) {
  begin("3+");
  TestPeer& victim = connect_victim();
  for (std::size_t faults = 1; faults <= 4; ++faults) {
    server().wait_for_faults(faults);
    expect_witness_served();
  }
  EXPECT_FALSE(victim.has_input());
  const Trace trace = server().stop();
  // Before each time that it asks again it waits; not before the first time, nor for the stop.
  EXPECT_LE(count_of(trace, "(INJECTED)"), count_of(trace, "(Timeout)") + 2);
}

INSTANTIATE_TEST_SUITE_P(Each, LastingFaultOfAccept,
                         testing::ValuesIn(faults("accept4", kAcceptOfTheSystem)), name_of_test);

// --- recv() and send(), recvmsg() and sendmsg() ---
// A short message needs the former two. A long one needs the others too, where more than a block is
// expected.

constexpr std::size_t kLong = 1UL << 20;

// Makes the server offer room for more than a block at a time: it does so after a full one.
void announce_long_messages(const TestPeer& peer) {
  const std::string block(MessageQueue::kBlockBytes, 'x');
  EXPECT_TRUE(peer.echo(block) == block);
}

class TransferFaultTest : public ServerFaultTest {
 protected:
  // So many of the calls for the victim fail, from the first of them on.
  void begin_with(int count) {
    const int first = is_of_long_messages() ? 1 : 2;
    begin(std::to_string(first) + ".." + std::to_string(first + count - 1));
  }

  // Makes the server call it.
  static void send_message(const TestPeer& victim) {
    if (is_of_long_messages()) announce_long_messages(victim);
    try {
      victim.send(is_of_long_messages() ? std::string(kLong, 'x') : "victim");
    } catch (const std::system_error&) {
      // It is lost before it has sent all.
    }
  }

 private:
  static bool is_of_long_messages() {
    const std::string_view call = GetParam().call;
    return call == "recvmsg" || call == "sendmsg";
  }
};

class PassingFaultOfATransfer : public TransferFaultTest {};

TEST_P(PassingFaultOfATransfer, LosesNoByte) {
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
    Each, PassingFaultOfATransfer,
    testing::ValuesIn(join({faults("recvfrom", kNotNow), faults("sendto", kNotNow),
                            faults("recvmsg", kNotNow), faults("sendmsg", kNotNow)})),
    name_of_test);

class FaultOfATransfer : public TransferFaultTest {};

TEST_P(FaultOfATransfer, CostsThatClientAlone) {
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

TEST_P(FaultOfATransfer, OfManyInTurnCostsThemAlone) {
  begin_with(20);
  for (int i = 0; i < 20; ++i) {
    const TestPeer& victim = connect_victim();
    send_message(victim);
    expect_lost(victim);
  }
  EXPECT_EQ(count_of(end(), "(INJECTED)"), 20U);
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultOfATransfer,
    testing::ValuesIn(join({faults("recvfrom", kRecvFatal), faults("sendto", kSendFatal),
                            faults("recvmsg", kRecvFatal), faults("sendmsg", kSendFatal)})),
    name_of_test);

// --- select() ---

class FaultOfSelect : public ServerFaultTest {};

TEST_P(FaultOfSelect, DelaysEverybodyAndLosesNobody) {
  begin("3..12");
  TestPeer& victim = connect_victim();
  EXPECT_EQ(victim.echo("victim"), "victim");
  expect_witness_served();
  server().program().wait_for_line("error: select: " + GetParam().reason());
  EXPECT_EQ(count_of(end(), "(INJECTED)"), 10U);
}

TEST_P(FaultOfSelect, ForEverNeitherSpinsNorKeepsTheServerFromStopping) {
  TracedServer server({inject(GetParam(), "1+")});
  server.wait_for_faults(5);
  const Trace trace = server.stop();
  EXPECT_EQ(count_of(trace, "clock_nanosleep("), count_of(trace, "(INJECTED)"));
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfSelect, testing::ValuesIn(faults("pselect6", kSelect)),
                         name_of_test);

class InterruptedSelect : public ServerFaultTest {};

TEST_P(InterruptedSelect, IsMadeAgainAtOnce) {
  begin("3..102");
  TestPeer& victim = connect_victim();
  EXPECT_EQ(victim.echo("victim"), "victim");
  expect_witness_served();
  const Trace trace = end();
  EXPECT_EQ(count_of(trace, "(INJECTED)"), 100U);
  EXPECT_EQ(count_of(trace, "(Timeout)"), 0U);
  EXPECT_EQ(count_of(trace, "clock_nanosleep("), 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, InterruptedSelect, testing::ValuesIn(faults("pselect6", {EINTR})),
                         name_of_test);

// --- What tells of events on those that are silent among others ---

// All of many clients are silent for long while one is not, and then all speak; twice.
Trace serve_crowd_and_stop(TracedServer& server) {
  const std::vector<TestPeer> crowd = connect_many(server.endpoint(), 40);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(crowd.front().echo("busy"), "busy");
    for (const TestPeer& peer : crowd) EXPECT_EQ(peer.echo("silent"), "silent");
  }
  return server.stop();
}

// Of the descriptor that tells of them, so much is read at once.
constexpr const char* kWholeQueue = ", 2048)";

class FaultOfEvents : public FaultTest {
 protected:
  static std::string place() {
    TracedServer rehearsal({}, quietly());
    return place_of(GetParam(), serve_crowd_and_stop(rehearsal), kFromTheStart);
  }

  static Trace serve_with_fault(const std::string& when) {
    TracedServer server({inject(GetParam(), when)}, quietly());
    return serve_crowd_and_stop(server);
  }

 private:
  static std::vector<std::string> quietly() { return {"--quiet", "-d", "100ms"}; }
};

TEST_P(FaultOfEvents, CostsNobodyTheEcho) {
  EXPECT_EQ(count_of(serve_with_fault(place()), "(INJECTED)"), 1U);
}

TEST_P(FaultOfEvents, ForEverCostsNobodyTheEcho) {
  EXPECT_GE(count_of(serve_with_fault(place() + '+'), "(INJECTED)"), 1U);
}

std::string name_with_argument(const testing::TestParamInfo<Fault>& info) {
  std::string argument = info.param.argument;
  std::erase_if(argument,
                [](char each) { return std::isalnum(static_cast<unsigned char>(each)) == 0; });
  return name_of_test(info) + argument;
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfEvents,
                         testing::ValuesIn(join({faults("signalfd4", kSignalDescriptor),
                                                 faults("fcntl", kControl, "F_SETOWN"),
                                                 faults("fcntl", kControl, "F_SETSIG"),
                                                 faults("ioctl", kIoctl, "FIOASYNC"),
                                                 faults("read", kNotNow, kWholeQueue),
                                                 faults("read", kRead, kWholeQueue)})),
                         name_with_argument);

// --- What else the server calls ---

// From its first client to its last. `linger`: that one does not hang up when the server does.
Trace serve_and_stop(TracedServer& server, bool linger = false) {
  std::optional<TestPeer> witness(server.endpoint());
  EXPECT_EQ(witness->echo("before"), "before");
  TestPeer victim(server.endpoint());
  EXPECT_EQ(victim.echo("victim"), "victim");
  victim.shut_down_sending();
  expect_served(server.endpoint());
  EXPECT_EQ(witness->echo("after"), "after");
  // It may be that no write(2) succeeds, not even the one of the signal's handler, which interrupts
  // the sleep all the same.
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

class LesserFault : public FaultTest {};

TEST_P(LesserFault, IsOfNoConsequenceWhileServing) {
  TracedServer server({inject(GetParam(), place_of(GetParam(), rehearse(), kWhileServing))});
  EXPECT_EQ(count_of(serve_and_stop(server), "(INJECTED)"), 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, LesserFault,
                         testing::ValuesIn(join({faults("setsockopt", kSocketOption, "TCP_NODELAY"),
                                                 faults("shutdown", kShutdown),
                                                 faults("close", kClose), faults("listen", kListen),
                                                 faults("read", kNotNow, ", 1)")})),
                         name_of_test);

class FaultOfADrain : public FaultTest {};

TEST_P(FaultOfADrain, DoesNotKeepTheServerFromStopping) {
  const std::string place = place_of(GetParam(), rehearse(true), kWhileServing);
  TracedServer server({inject(GetParam(), place + '+')});
  EXPECT_GE(count_of(serve_and_stop(server, true), "(INJECTED)"), 1U);
  EXPECT_EQ(server.program().error_text().find("the drain timeout"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfADrain, testing::ValuesIn(faults("ioctl", kIoctl, "OUTQ")),
                         name_of_test);

class FaultOfTheLog : public FaultTest {};

TEST_P(FaultOfTheLog, CostsTheLineAndSaysSo) {
  TracedServer server({inject(GetParam(), place_of(GetParam(), rehearse(), kWhileServing))});
  serve_and_stop(server);
  const std::string line = server.program().wait_for_line("warning: log lines dropped: ");
  EXPECT_TRUE(line.ends_with(": 1")) << line;
}

TEST_P(FaultOfTheLog, ForEverCostsNothingElse) {
  TracedServer server({inject(GetParam(), place_of(GetParam(), rehearse(), kWhileServing) + '+')});
  EXPECT_GT(count_of(serve_and_stop(server), "(INJECTED)"), 10U);
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultOfTheLog,
    testing::ValuesIn(join({faults("write", {EAGAIN}), faults("write", kWrite)})), name_of_test);

// A device may take nothing and report no error.
TEST(LogThatTakesNothing, CostsOnlyItsLines) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  const std::string place = place_of({"write", 0}, rehearse(), kWhileServing);
  TracedServer server({"--inject=write:retval=0:when=" + place + '+'});
  EXPECT_GT(count_of(serve_and_stop(server), "(INJECTED)"), 10U);
}

class InterruptedLog : public FaultTest {};

TEST_P(InterruptedLog, LosesNoLine) {
  TracedServer server({inject(GetParam(), place_of(GetParam(), rehearse(), kWhileServing))});
  EXPECT_EQ(count_of(serve_and_stop(server), "(INJECTED)"), 1U);
  const std::string& log = server.program().error_text();
  EXPECT_NE(log.find("new connection from "), std::string::npos);
  EXPECT_EQ(log.find("log lines dropped"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Each, InterruptedLog, testing::ValuesIn(faults("write", {EINTR})),
                         name_of_test);

// --- Memory: mmap(2) and brk(2) ---

std::string first_while_serving(const Trace& trace, const std::string& call) {
  const auto serving = std::find_if(trace.begin(), trace.end(), [](const std::string& line) {
    return name_of(line) == "pselect6";
  });
  return std::to_string(count_of(Trace(trace.begin(), serving), call + '(') + 1);
}

TEST(WantOfMemory, CostsTheClientThatItWasFor) {
  if (sanitized()) GTEST_SKIP() << "a sanitizer ends a program that is out of memory";
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  const Trace rehearsal = TracedServer().stop();
  // The system's own brk() has no error: it returns the old end, which is below the one asked for
  // (brk(2), "C library/kernel differences").
  TracedServer server({inject({"mmap", ENOMEM}, first_while_serving(rehearsal, "mmap") + '+'),
                       "--inject=brk:retval=0:when=" + first_while_serving(rehearsal, "brk") + '+'},
                      {"-q", "1G", "-d", "100ms"});
  TestPeer witness(server.endpoint());
  EXPECT_EQ(witness.echo("before"), "before");
  // It is owed more and more, and takes none of it.
  const TestPeer victim(server.endpoint());
  EXPECT_THROW(victim.send_until_stuck(), std::system_error);
  server.program().wait_for_line("closing " + victim.local().to_string() +
                                 " after an error: " + ErrnoText{ENOMEM}.to_string());
  expect_served(server.endpoint());
  EXPECT_EQ(witness.echo("after"), "after");
  server.stop();
}

// --- The server's start ---

class FaultOfTheStart : public FaultTest {
 protected:
  static std::string complaint_about(const std::string& call) {
    if (call == "rt_sigaction") return "cannot catch signal " + std::to_string(SIGTERM);
    if (call == "rt_sigprocmask") return "cannot block signals";
    if (call == "getsockname") return "cannot tell the port of 127.0.0.1";
    if (call == "pipe2") return "cannot make a pipe for signals";
    return "cannot listen on 127.0.0.1 port 0";
  }
};

TEST_P(FaultOfTheStart, IsToldInOneLine) {
  if (sanitized() && std::string_view(GetParam().call) == "pipe2") {
    GTEST_SKIP() << "a sanitizer needs a pipe to find out whether memory can be read";
  }
  const std::string place = place_of(GetParam(), TracedServer().stop(), kFromTheStart);
  const TracedOutcome server =
      run_traced({inject(GetParam(), place + '+')}, ECHO_SERVER, {"-H", "127.0.0.1", "-p", "0"});
  EXPECT_EQ(server.outcome.status, 1);
  EXPECT_EQ(server.outcome.error,
            "echo_server: " + complaint_about(GetParam().call) + ": " + GetParam().reason() + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultOfTheStart,
    testing::ValuesIn(join({faults("socket", kSocket), faults("setsockopt", kSocketOption),
                            faults("bind", kBind), faults("listen", kListen),
                            faults("getsockname", kSocketName), faults("pipe2", kPipe),
                            faults("rt_sigprocmask", kSignalSetting, "SIG_BLOCK, [HUP INT"),
                            faults("rt_sigaction", kSignalSetting, "SIGTERM")})),
    name_of_test);

class LesserFaultOfTheStart : public FaultTest {};

TEST_P(LesserFaultOfTheStart, IsOfNoConsequence) {
  const std::string place = place_of(GetParam(), TracedServer().stop(), kFromTheStart);
  TracedServer server({inject(GetParam(), place)});
  EXPECT_EQ(count_of(serve_and_stop(server), "(INJECTED)"), 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, LesserFaultOfTheStart,
                         testing::ValuesIn(join({faults("prlimit64", kLimit, "RLIMIT_NOFILE"),
                                                 faults("fcntl", {EBADF}, "F_GETFD"),
                                                 faults("ioctl", kIoctl, "TCGETS"),
                                                 faults("openat", kOpen, "/proc/self/fd/2"),
                                                 faults("bind", {EADDRINUSE})})),
                         name_of_test);

// Others have the same description open, who would meet the flag.
TEST(FaultOfReopeningTheLog, LeavesTheFlagsOfItsPipeAlone) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  const Fault fault{"openat", EACCES, "/proc/self/fd/2"};
  const std::string place = place_of(fault, TracedServer().stop(), kFromTheStart);
  TracedServer server({inject(fault, place)});
  const Trace trace = serve_and_stop(server);
  EXPECT_EQ(count_of(trace, "(INJECTED)"), 1U);
  EXPECT_EQ(count_of(trace, "fcntl(2, F_SETFL"), 0U);
}

}  // namespace
}  // namespace echo::test
