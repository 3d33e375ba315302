#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include "support/errors.h"
#include "support/fault.h"
#include "support/program.h"
#include "support/temporary_file.h"
#include "support/test_peer.h"
#include "support/traced_server.h"

// Failing system calls of the client.
namespace echo::test {
namespace {

constexpr std::size_t kMessage = 2000;
// The end of a trace line that reads or writes the whole message.
constexpr const char* kWholeMessage = ", 2000)";

struct Echo {
  int status;
  bool exact;
  std::string error;
  Trace trace;
};

// Runs a client that echoes its standard input on one connection while a system call fails.
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
    // The message fits into one read and one chunk in each direction.
    const std::string message = random_bytes(kMessage);
    const TemporaryFile input(message);
    const ServerProgram server({"-H", "127.0.0.1", "--quiet"});
    const std::string port = std::to_string(server.port());
    const TracedOutcome client = run_traced(
        options, ECHO_CLIENT,
        {"-H", "127.0.0.1", "-p", port, "-c", "1", "--quiet", "-t", timeout, "-"}, input.path());
    const std::string& output = client.outcome.output;
    EXPECT_EQ(message.compare(0, output.size(), output), 0) << "the echo differs";
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

class ClientTransientFault : public ClientFaultTest {};

TEST_P(ClientTransientFault, LosesNoByte) {
  const Echo client = echo("1");
  EXPECT_EQ(client.status, 0);
  EXPECT_TRUE(client.exact);
  EXPECT_EQ(client.error, "");
}

INSTANTIATE_TEST_SUITE_P(
    Each, ClientTransientFault,
    testing::ValuesIn(join({faults("recvfrom", kNotNow), faults("sendto", kNotNow),
                            faults("pselect6", {EINTR}), faults("setsockopt", kSocketOption),
                            faults("getsockname", kSocketName),
                            faults("getpeername", kSocketName)})),
    name_of_test);

class ClientFault : public ClientFaultTest {};

TEST_P(ClientFault, FailsWithOneErrorLine) {
  expect_failure(echo("1"), kFirstConnection, GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(
    Each, ClientFault,
    testing::ValuesIn(join({faults("socket", kSocket), faults("connect", kConnect),
                            faults("getsockopt", kSocketOption), faults("recvfrom", kRecvFatal),
                            faults("sendto", kSendFatal)})),
    name_of_test);

// Errors that report a reset.
constexpr std::initializer_list<int> kResets{ECONNRESET, EPIPE};

class ClientResetFaultAtEof : public ClientFaultTest {};

TEST_P(ClientResetFaultAtEof, ExitsWithStatusZero) {
  const Echo client = echo("2");
  EXPECT_EQ(client.status, 0);
  EXPECT_TRUE(client.exact);
  EXPECT_EQ(client.error, "");
}

INSTANTIATE_TEST_SUITE_P(Each, ClientResetFaultAtEof,
                         testing::ValuesIn(faults("recvfrom", kResets)), name_of_test);

std::vector<Fault> faults_except_resets() {
  std::vector<Fault> all = faults("recvfrom", kRecvFatal);
  std::erase_if(all, [](const Fault& fault) {
    return std::find(kResets.begin(), kResets.end(), fault.error) != kResets.end();
  });
  return all;
}

class ClientReadFaultAtEof : public ClientFaultTest {};

// The echo is complete, but the client cannot know whether the server sends more.
TEST_P(ClientReadFaultAtEof, FailsWithOneErrorLine) {
  expect_failure(echo("2"), kFirstConnection, GetParam().reason() + ", at offset 2000 of 2000");
}

INSTANTIATE_TEST_SUITE_P(Each, ClientReadFaultAtEof, testing::ValuesIn(faults_except_resets()),
                         name_of_test);

// These errors of connect(2) mean that a connection is in progress, but strace has prevented it.
class ClientPendingConnectFault : public ClientFaultTest {};

TEST_P(ClientPendingConnectFault, FailsWithOneErrorLine) {
  expect_failure(echo("1"), kFirstConnection, "at offset 0 of 2000");
}

INSTANTIATE_TEST_SUITE_P(Each, ClientPendingConnectFault,
                         testing::ValuesIn(faults("connect", {EINPROGRESS, EINTR})), name_of_test);

class ClientShutdownFault : public ClientFaultTest {};

// The client sends no EOF, so the server does not close the connection.
TEST_P(ClientShutdownFault, EndsAtTheTimeout) {
  expect_failure(echo("1", "300ms"), kFirstConnection, "no answer within 300ms");
}

INSTANTIATE_TEST_SUITE_P(Each, ClientShutdownFault,
                         testing::ValuesIn(faults("shutdown", kShutdown)), name_of_test);

class ClientOutputFault : public ClientFaultTest {};

TEST_P(ClientOutputFault, FailsWithOneErrorLine) {
  const std::string place = call_number_of(GetParam(), rehearse(), kFromTheStart);
  expect_failure(echo(place), "echo_client: cannot write standard output: ", GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(Each, ClientOutputFault,
                         testing::ValuesIn(faults("write", kWrite, kWholeMessage)), name_of_test);

class ClientTransientOutputFault : public ClientFaultTest {};

TEST_P(ClientTransientOutputFault, LosesNoByte) {
  const Echo client = echo(call_number_of(GetParam(), rehearse(), kFromTheStart));
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_TRUE(client.exact);
}

INSTANTIATE_TEST_SUITE_P(Each, ClientTransientOutputFault,
                         testing::ValuesIn(faults("write", kNotNow, kWholeMessage)), name_of_test);

class ClientInputFault : public ClientFaultTest {};

TEST_P(ClientInputFault, FailsWithOneErrorLine) {
  const std::string place = call_number_of(GetParam(), rehearse(), kFromTheStart);
  expect_failure(echo(place), "echo_client: cannot read standard input: ", GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(Each, ClientInputFault, testing::ValuesIn(faults("read", kRead, "(0, ")),
                         name_of_test);

class ClientTransientInputFault : public ClientFaultTest {};

TEST_P(ClientTransientInputFault, LosesNoByte) {
  const Echo client = echo(call_number_of(GetParam(), rehearse(), kFromTheStart));
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_TRUE(client.exact);
}

INSTANTIATE_TEST_SUITE_P(Each, ClientTransientInputFault,
                         testing::ValuesIn(faults("read", kNotNow, "(0, ")), name_of_test);

class ClientSelectFault : public ClientFaultTest {};

// A call about the outputs alone comes first.
constexpr const char* kCallsOfOneTurn = "1..2";

TEST_P(ClientSelectFault, FailsWithOneErrorLine) {
  expect_failure(echo(kCallsOfOneTurn), "echo_client: select: ", GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(Each, ClientSelectFault, testing::ValuesIn(faults("pselect6", kSelect)),
                         name_of_test);

// Runs a measurement on two connections while a system call fails.
class MeasurementFaultTest : public FaultTest {
 protected:
  static Outcome measure(const std::string& when = "1") {
    const ServerProgram server({"-H", "127.0.0.1", "--quiet"});
    const TracedOutcome client = run_traced(
        {inject(GetParam(), when)}, ECHO_CLIENT,
        {"-H", "127.0.0.1", "-p", std::to_string(server.port()), "-c", "2", "-n", "5", "--json"});
    EXPECT_GE(count_of(client.trace, "(INJECTED)"), 1U);
    return client.outcome;
  }

  static bool has(const Outcome& client, const std::string& text) {
    return client.output.find(text) != std::string::npos;
  }
};

class MeasurementTransientFault : public MeasurementFaultTest {};

TEST_P(MeasurementTransientFault, ChangesNoResult) {
  const Outcome client = measure();
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_TRUE(has(client, "\"exact\":true")) << client.output;
  EXPECT_TRUE(has(client, "{\"sent\":10,\"received\":10,")) << client.output;
}

INSTANTIATE_TEST_SUITE_P(
    Each, MeasurementTransientFault,
    testing::ValuesIn(join({faults("recvfrom", kNotNow), faults("sendto", kNotNow),
                            faults("pselect6", {EINTR}), faults("prctl", {EINVAL})})),
    name_of_test);

class MeasurementFault : public MeasurementFaultTest {};

// The first connection fails, and all messages of the second one are measured.
TEST_P(MeasurementFault, FailsOnlyTheAffectedConnection) {
  const Outcome client = measure();
  EXPECT_EQ(client.status, 1);
  EXPECT_EQ(client.error.find(kFirstConnection), 0U) << client.error;
  EXPECT_NE(client.error.find(GetParam().reason()), std::string::npos) << client.error;
  EXPECT_TRUE(has(client, "\"failed\":1,")) << client.output;
  EXPECT_TRUE(has(client, "\"received\":5,")) << client.output;
}

INSTANTIATE_TEST_SUITE_P(
    Each, MeasurementFault,
    testing::ValuesIn(join({faults("socket", kSocket), faults("connect", kConnect),
                            faults("getsockopt", kSocketOption), faults("recvfrom", kRecvFatal),
                            faults("sendto", kSendFatal)})),
    name_of_test);

class MeasurementSelectFault : public MeasurementFaultTest {};

TEST_P(MeasurementSelectFault, FailsWithOneErrorLine) {
  const Outcome client = measure(kCallsOfOneTurn);
  EXPECT_EQ(client.status, 1);
  EXPECT_EQ(client.error.find("echo_client: select: " + GetParam().reason()), 0U) << client.error;
}

INSTANTIATE_TEST_SUITE_P(Each, MeasurementSelectFault,
                         testing::ValuesIn(faults("pselect6", kSelect)), name_of_test);

}  // namespace
}  // namespace echo::test
