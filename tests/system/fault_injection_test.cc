#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "echo/endpoint.h"
#include "echo/errno_text.h"
#include "support/program.h"
#include "support/temporary_file.h"
#include "support/test_peer.h"
#include "support/traced_server.h"

// System calls of the two programs fail here by strace(1)'s hand: the call is not made, and the
// program is told that it failed.

namespace echo::testing {
namespace {

// What each call may fail with, by its manual page. EAGAIN stands for EWOULDBLOCK too: on Linux
// they are one number.

// accept(2): errors of the connection that was waiting, the network's among them ("Error handling"
// of older editions lists these).
constexpr std::initializer_list<int> kAcceptOfOneClient{EINTR,    ECONNABORTED, EPROTO,
                                                        ENETDOWN, ENOPROTOOPT,  EHOSTDOWN,
                                                        ENONET,   EHOSTUNREACH, ENETUNREACH};
// accept(2): all others, with those that "various Linux kernels can return".
constexpr std::initializer_list<int> kAcceptOfTheSystem{
    EMFILE, ENFILE,   ENOBUFS,    ENOMEM, EPERM,           EBADF,           EFAULT,
    EINVAL, ENOTSOCK, EOPNOTSUPP, ENOSR,  ESOCKTNOSUPPORT, EPROTONOSUPPORT, ETIMEDOUT};

// recv(2), send(2): not now.
constexpr std::initializer_list<int> kNotNow{EAGAIN, EINTR};
// recv(2); of tcp(7), ip(7) and the network ETIMEDOUT and those after it.
constexpr std::initializer_list<int> kRecvFatal{
    EBADF,     ECONNREFUSED, EFAULT, EINVAL,       ENOMEM,      ENOTCONN, ENOTSOCK,
    ETIMEDOUT, ECONNRESET,   EPIPE,  EHOSTUNREACH, ENETUNREACH, ENOBUFS};
// send(2); likewise.
constexpr std::initializer_list<int> kSendFatal{
    EACCES,  EALREADY,  EBADF,        ECONNRESET,  EDESTADDRREQ, EFAULT,   EINVAL,
    EISCONN, EMSGSIZE,  ENOBUFS,      ENOMEM,      ENOTCONN,     ENOTSOCK, EOPNOTSUPP,
    EPIPE,   ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EPERM};

// select(2), besides EINTR.
constexpr std::initializer_list<int> kSelect{EBADF, EINVAL, ENOMEM};

// The others: the manual page has the call's name (prlimit64: setrlimit(2), openat: open(2)).
constexpr std::initializer_list<int> kSocket{EACCES, EAFNOSUPPORT, EINVAL, EMFILE,
                                             ENFILE, ENOBUFS,      ENOMEM, EPROTONOSUPPORT};
constexpr std::initializer_list<int> kConnect{
    EACCES,       EPERM,  EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN,     EALREADY, EBADF,
    ECONNREFUSED, EFAULT, EISCONN,    ENETUNREACH,   ENOTSOCK,     EPROTOTYPE, ETIMEDOUT};
constexpr std::initializer_list<int> kBind{EACCES,   EADDRINUSE,    EBADF,  EINVAL,
                                           ENOTSOCK, EADDRNOTAVAIL, EFAULT, ENOMEM};
constexpr std::initializer_list<int> kListen{EADDRINUSE, EBADF, ENOTSOCK, EOPNOTSUPP};
constexpr std::initializer_list<int> kSocketOption{EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK};
constexpr std::initializer_list<int> kSocketName{EBADF, EFAULT, EINVAL, ENOBUFS, ENOTSOCK};
constexpr std::initializer_list<int> kShutdown{EBADF, EINVAL, ENOTCONN, ENOTSOCK};
constexpr std::initializer_list<int> kClose{EBADF, EINTR, EIO, ENOSPC, EDQUOT};
constexpr std::initializer_list<int> kIoctl{EBADF, EFAULT, EINVAL, ENOTTY};
constexpr std::initializer_list<int> kRead{EBADF, EFAULT, EINVAL, EIO, EISDIR};
constexpr std::initializer_list<int> kWrite{EBADF,  EDESTADDRREQ, EDQUOT, EFAULT, EFBIG,
                                            EINVAL, EIO,          ENOSPC, EPERM,  EPIPE};
constexpr std::initializer_list<int> kOpen{EACCES, EINTR, EMFILE, ENFILE, ENOENT, ENOMEM, ENXIO};
constexpr std::initializer_list<int> kLimit{EFAULT, EINVAL, EPERM, ESRCH};
constexpr std::initializer_list<int> kSignalWait{EAGAIN, EINTR, EINVAL};
constexpr std::initializer_list<int> kSignalSetting{EFAULT, EINVAL};

struct Fault {
  const char* call;
  int error;
  const char* argument = "";  // Part of the call's line in a trace, where there are others of it.

  std::string name() const { return std::string(call) + '_' + ::strerrorname_np(error); }
  std::string reason() const { return ErrnoText{error}.to_string(); }
};

void PrintTo(const Fault& fault, std::ostream* out) {  // NOLINT(*-identifier-naming)
  *out << fault.name();
}

std::vector<Fault> faults(const char* call, std::initializer_list<int> errors,
                          const char* argument = "") {
  std::vector<Fault> faults;
  std::transform(errors.begin(), errors.end(), std::back_inserter(faults), [&](int error) {
    return Fault{call, error, argument};
  });
  return faults;
}

std::vector<Fault> join(std::initializer_list<std::vector<Fault>> lists) {
  std::vector<Fault> all;
  for (const std::vector<Fault>& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

std::string name_of_test(const ::testing::TestParamInfo<Fault>& info) { return info.param.name(); }

// strace's option. `when` says which of the calls fail: "2", "2+" (all from there), "2..9", "2+2"
// (every other one).
std::string inject(const Fault& fault, const std::string& when) {
  return std::string("--inject=") + fault.call + ":error=" + ::strerrorname_np(fault.error) +
         ":when=" + when;
}

// Which of its calls is the one that is meant, as strace counts: the first that has the argument,
// once `after` has been called.
std::string place_of(const Fault& fault, const Trace& trace, const std::string& after) {
  int place = 0;
  bool begun = false;
  for (const std::string& line : trace) {
    begun = begun || name_of(line) == after;
    if (name_of(line) != fault.call) continue;
    ++place;
    if (begun && line.find(fault.argument) != std::string::npos) return std::to_string(place);
  }
  throw std::runtime_error(std::string("not called: ") + fault.call);
}

constexpr const char* kFromTheStart = "execve";
constexpr const char* kWhileServing = "accept4";

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

class FaultTest : public ::testing::TestWithParam<Fault> {
 protected:
  void SetUp() override {
    if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  }
};

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
                         ::testing::ValuesIn(join({faults("accept4", {EAGAIN}),
                                                   faults("accept4", kAcceptOfOneClient),
                                                   faults("accept4", kAcceptOfTheSystem)})),
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
                         ::testing::ValuesIn(faults("accept4", kAcceptOfOneClient)), name_of_test);

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
                         ::testing::ValuesIn(faults("accept4", kAcceptOfTheSystem)), name_of_test);

// --- recv() and sendmsg() ---
// The witness's comes first, then the victim's.

class PassingFaultOfATransfer : public ServerFaultTest {};

TEST_P(PassingFaultOfATransfer, LosesNoByte) {
  begin("2..101");
  const std::string message = random_bytes(1UL << 20);
  EXPECT_TRUE(TestPeer(server().endpoint()).echo(message) == message);
  expect_witness_served();
  EXPECT_EQ(count_of(end(), "(INJECTED)"), 100U);
}

INSTANTIATE_TEST_SUITE_P(Each, PassingFaultOfATransfer,
                         ::testing::ValuesIn(join({faults("recvfrom", kNotNow),
                                                   faults("sendmsg", kNotNow)})),
                         name_of_test);

class FaultOfATransfer : public ServerFaultTest {};

TEST_P(FaultOfATransfer, CostsThatClientAlone) {
  begin("2");
  const TestPeer& victim = connect_victim();
  victim.send("victim");
  server().wait_for_faults(1);
  expect_witness_served();
  expect_lost(victim);
  server().program().wait_for_line("closing " + victim.local().to_string() +
                                   " after an error: " + GetParam().reason());
  end();
}

TEST_P(FaultOfATransfer, OfManyInTurnCostsThemAlone) {
  begin("2..21");
  for (int i = 0; i < 20; ++i) {
    const TestPeer& victim = connect_victim();
    victim.send("victim");
    expect_lost(victim);
  }
  EXPECT_EQ(count_of(end(), "(INJECTED)"), 20U);
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfATransfer,
                         ::testing::ValuesIn(join({faults("recvfrom", kRecvFatal),
                                                   faults("sendmsg", kSendFatal)})),
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

INSTANTIATE_TEST_SUITE_P(Each, FaultOfSelect, ::testing::ValuesIn(faults("pselect6", kSelect)),
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
}

INSTANTIATE_TEST_SUITE_P(Each, InterruptedSelect, ::testing::ValuesIn(faults("pselect6", {EINTR})),
                         name_of_test);

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

INSTANTIATE_TEST_SUITE_P(
    Each, LesserFault,
    ::testing::ValuesIn(join({faults("setsockopt", kSocketOption, "TCP_NODELAY"),
                              faults("shutdown", kShutdown), faults("close", kClose),
                              faults("listen", kListen), faults("rt_sigtimedwait", kSignalWait)})),
    name_of_test);

class FaultOfADrain : public FaultTest {};

TEST_P(FaultOfADrain, DoesNotKeepTheServerFromStopping) {
  const std::string place = place_of(GetParam(), rehearse(true), kWhileServing);
  TracedServer server({inject(GetParam(), place + '+')});
  EXPECT_GE(count_of(serve_and_stop(server, true), "(INJECTED)"), 1U);
  EXPECT_EQ(server.program().error_text().find("the drain timeout"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfADrain, ::testing::ValuesIn(faults("ioctl", kIoctl, "OUTQ")),
                         name_of_test);

class FaultOfTheLog : public FaultTest {};

TEST_P(FaultOfTheLog, CostsTheLineAndSaysSo) {
  TracedServer server({inject(GetParam(), place_of(GetParam(), rehearse(), kWhileServing))});
  serve_and_stop(server);
  server.program().wait_for_line("warning: log lines dropped: 1");
}

TEST_P(FaultOfTheLog, ForEverCostsNothingElse) {
  TracedServer server({inject(GetParam(), place_of(GetParam(), rehearse(), kWhileServing) + '+')});
  EXPECT_GT(count_of(serve_and_stop(server), "(INJECTED)"), 10U);
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultOfTheLog,
    ::testing::ValuesIn(join({faults("write", {EAGAIN}), faults("write", kWrite)})), name_of_test);

class InterruptedLog : public FaultTest {};

TEST_P(InterruptedLog, LosesNoLine) {
  TracedServer server({inject(GetParam(), place_of(GetParam(), rehearse(), kWhileServing))});
  EXPECT_EQ(count_of(serve_and_stop(server), "(INJECTED)"), 1U);
  const std::string& log = server.program().error_text();
  EXPECT_NE(log.find("new connection from "), std::string::npos);
  EXPECT_EQ(log.find("log lines dropped"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Each, InterruptedLog, ::testing::ValuesIn(faults("write", {EINTR})),
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
    return "cannot listen on 127.0.0.1 port 0";
  }
};

TEST_P(FaultOfTheStart, IsToldInOneLine) {
  const std::string place = place_of(GetParam(), TracedServer().stop(), kFromTheStart);
  const TracedOutcome server =
      run_traced({inject(GetParam(), place + '+')}, ECHO_SERVER, {"-H", "127.0.0.1", "-p", "0"});
  EXPECT_EQ(server.outcome.status, 1);
  EXPECT_EQ(server.outcome.error,
            "echo_server: " + complaint_about(GetParam().call) + ": " + GetParam().reason() + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultOfTheStart,
    ::testing::ValuesIn(join({faults("socket", kSocket), faults("setsockopt", kSocketOption),
                              faults("bind", kBind), faults("listen", kListen),
                              faults("getsockname", kSocketName),
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
                         ::testing::ValuesIn(join({faults("prlimit64", kLimit, "RLIMIT_NOFILE"),
                                                   faults("fcntl", {EBADF}, "F_GETFD"),
                                                   faults("ioctl", kIoctl, "TCGETS"),
                                                   faults("openat", kOpen, "/proc/self/fd/2"),
                                                   faults("bind", {EADDRINUSE})})),
                         name_of_test);

// --- The client ---

constexpr std::size_t kMessage = 2000;

struct Echo {
  int status;
  bool exact;
  std::string error;
  Trace trace;
};

// A client that echoes its standard input by one connection, and meets the fault.
class ClientFaultTest : public FaultTest {
 protected:
  Echo echo(const std::string& when, const std::string& timeout = "10s") const {
    Echo client = echo(std::vector{inject(GetParam(), when)}, timeout);
    EXPECT_GE(count_of(client.trace, "(INJECTED)"), 1U);
    return client;
  }

  Trace rehearse() const { return echo(std::vector<std::string>{}, "10s").trace; }

 private:
  static Echo echo(const std::vector<std::string>& options, const std::string& timeout) {
    // Little enough for one read, and for one chunk each way.
    const std::string message = random_bytes(kMessage);
    const TemporaryFile input(message);
    const ServerProgram server({"-H", "127.0.0.1", "--quiet"});
    const std::string port = std::to_string(server.port());
    const TracedOutcome client = run_traced(
        options, ECHO_CLIENT,
        {"-H", "127.0.0.1", "-p", port, "-c", "1", "--quiet", "-t", timeout, "-"}, input.path());
    const std::string& output = client.outcome.output;
    EXPECT_EQ(message.compare(0, output.size(), output), 0) << "other bytes came back";
    return {.status = client.outcome.status,
            .exact = output == message,
            .error = client.outcome.error,
            .trace = client.trace};
  }
};

void expect_failure(const Echo& client, const std::string& beginning, const std::string& reason) {
  EXPECT_EQ(client.status, 1);
  EXPECT_EQ(client.error.find(beginning), 0U) << client.error;
  EXPECT_NE(client.error.find(reason), std::string::npos) << client.error;
  EXPECT_EQ(client.error.find('\n'), client.error.size() - 1) << client.error;
}

constexpr const char* kFirstConnection = "error: connection 1";

class PassingFaultOfTheClient : public ClientFaultTest {};

TEST_P(PassingFaultOfTheClient, LosesNoByte) {
  const Echo client = echo("1");
  EXPECT_EQ(client.status, 0);
  EXPECT_TRUE(client.exact);
  EXPECT_EQ(client.error, "");
}

INSTANTIATE_TEST_SUITE_P(
    Each, PassingFaultOfTheClient,
    ::testing::ValuesIn(join({faults("recvfrom", kNotNow), faults("sendmsg", kNotNow),
                              faults("pselect6", {EINTR}), faults("setsockopt", kSocketOption),
                              faults("getsockname", kSocketName),
                              faults("getpeername", kSocketName), faults("write", kNotNow)})),
    name_of_test);

class FaultOfTheClient : public ClientFaultTest {};

TEST_P(FaultOfTheClient, IsToldInOneLine) {
  expect_failure(echo("1"), kFirstConnection, GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultOfTheClient,
    ::testing::ValuesIn(join({faults("socket", kSocket), faults("connect", kConnect),
                              faults("getsockopt", kSocketOption), faults("recvfrom", kRecvFatal),
                              faults("sendmsg", kSendFatal)})),
    name_of_test);

class FaultOfTheClientsLastRead : public ClientFaultTest {};

// All has come back, but what the server sends after it nobody knows.
TEST_P(FaultOfTheClientsLastRead, IsToldInOneLine) {
  expect_failure(echo("2"), kFirstConnection, GetParam().reason() + ", at offset 2000 of 2000");
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfTheClientsLastRead,
                         ::testing::ValuesIn(faults("recvfrom", kRecvFatal)), name_of_test);

// These mean that the connection is under way (connect(2)); here it never was.
class ConnectingThatLeadsNowhere : public ClientFaultTest {};

TEST_P(ConnectingThatLeadsNowhere, IsToldInOneLine) {
  expect_failure(echo("1"), kFirstConnection, "at offset 0 of 2000");
}

INSTANTIATE_TEST_SUITE_P(Each, ConnectingThatLeadsNowhere,
                         ::testing::ValuesIn(faults("connect", {EINPROGRESS, EINTR})),
                         name_of_test);

class FaultOfTheClientsShutdown : public ClientFaultTest {};

// The server waits for an EOF that was never sent.
TEST_P(FaultOfTheClientsShutdown, EndsByTheTimeout) {
  expect_failure(echo("1", "300ms"), kFirstConnection, "no answer within 300ms");
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfTheClientsShutdown,
                         ::testing::ValuesIn(faults("shutdown", kShutdown)), name_of_test);

class FaultOfTheClientsOutput : public ClientFaultTest {};

TEST_P(FaultOfTheClientsOutput, IsToldInOneLine) {
  expect_failure(echo("1"), "echo_client: cannot write standard output: ", GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfTheClientsOutput,
                         ::testing::ValuesIn(faults("write", kWrite)), name_of_test);

class FaultOfTheClientsInput : public ClientFaultTest {};

TEST_P(FaultOfTheClientsInput, IsToldInOneLine) {
  const std::string place = place_of(GetParam(), rehearse(), kFromTheStart);
  expect_failure(echo(place), "echo_client: cannot read standard input: ", GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfTheClientsInput,
                         ::testing::ValuesIn(faults("read", kRead, "(0, ")), name_of_test);

class PassingFaultOfTheClientsInput : public ClientFaultTest {};

TEST_P(PassingFaultOfTheClientsInput, LosesNoByte) {
  const Echo client = echo(place_of(GetParam(), rehearse(), kFromTheStart));
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_TRUE(client.exact);
}

INSTANTIATE_TEST_SUITE_P(Each, PassingFaultOfTheClientsInput,
                         ::testing::ValuesIn(faults("read", kNotNow, "(0, ")), name_of_test);

class FaultOfTheClientsSelect : public ClientFaultTest {};

TEST_P(FaultOfTheClientsSelect, IsToldInOneLine) {
  expect_failure(echo("1"), "echo_client: select: ", GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfTheClientsSelect,
                         ::testing::ValuesIn(faults("pselect6", kSelect)), name_of_test);

}  // namespace
}  // namespace echo::testing
