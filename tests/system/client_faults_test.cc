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

// The client, whose system calls fail.
namespace echo::test {
namespace {

constexpr std::size_t kMessage = 2000;
// In the line of a call that writes it whole, to whatever descriptor.
constexpr const char* kWholeMessage = ", 2000)";

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
    testing::ValuesIn(join({faults("recvfrom", kNotNow), faults("sendto", kNotNow),
                            faults("pselect6", {EINTR}), faults("setsockopt", kSocketOption),
                            faults("getsockname", kSocketName),
                            faults("getpeername", kSocketName)})),
    name_of_test);

class FaultOfTheClient : public ClientFaultTest {};

TEST_P(FaultOfTheClient, IsToldInOneLine) {
  expect_failure(echo("1"), kFirstConnection, GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultOfTheClient,
    testing::ValuesIn(join({faults("socket", kSocket), faults("connect", kConnect),
                            faults("getsockopt", kSocketOption), faults("recvfrom", kRecvFatal),
                            faults("sendto", kSendFatal)})),
    name_of_test);

// A reset, once all has come back.
constexpr std::initializer_list<int> kResets{ECONNRESET, EPIPE};

class ResetOfTheClientsLastRead : public ClientFaultTest {};

TEST_P(ResetOfTheClientsLastRead, IsAGoodEnd) {
  const Echo client = echo("2");
  EXPECT_EQ(client.status, 0);
  EXPECT_TRUE(client.exact);
  EXPECT_EQ(client.error, "");
}

INSTANTIATE_TEST_SUITE_P(Each, ResetOfTheClientsLastRead,
                         testing::ValuesIn(faults("recvfrom", kResets)), name_of_test);

std::vector<Fault> faults_but_resets() {
  std::vector<Fault> all = faults("recvfrom", kRecvFatal);
  std::erase_if(all, [](const Fault& fault) {
    return std::find(kResets.begin(), kResets.end(), fault.error) != kResets.end();
  });
  return all;
}

class FaultOfTheClientsLastRead : public ClientFaultTest {};

// All has come back, but what the server sends after it nobody knows.
TEST_P(FaultOfTheClientsLastRead, IsToldInOneLine) {
  expect_failure(echo("2"), kFirstConnection, GetParam().reason() + ", at offset 2000 of 2000");
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfTheClientsLastRead, testing::ValuesIn(faults_but_resets()),
                         name_of_test);

// These mean that the connection is under way (connect(2)); here it never was.
class ConnectingThatLeadsNowhere : public ClientFaultTest {};

TEST_P(ConnectingThatLeadsNowhere, IsToldInOneLine) {
  expect_failure(echo("1"), kFirstConnection, "at offset 0 of 2000");
}

INSTANTIATE_TEST_SUITE_P(Each, ConnectingThatLeadsNowhere,
                         testing::ValuesIn(faults("connect", {EINPROGRESS, EINTR})), name_of_test);

class FaultOfTheClientsShutdown : public ClientFaultTest {};

// The server waits for an EOF that was never sent.
TEST_P(FaultOfTheClientsShutdown, EndsByTheTimeout) {
  expect_failure(echo("1", "300ms"), kFirstConnection, "no answer within 300ms");
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfTheClientsShutdown,
                         testing::ValuesIn(faults("shutdown", kShutdown)), name_of_test);

class FaultOfTheClientsOutput : public ClientFaultTest {};

TEST_P(FaultOfTheClientsOutput, IsToldInOneLine) {
  const std::string place = place_of(GetParam(), rehearse(), kFromTheStart);
  expect_failure(echo(place), "echo_client: cannot write standard output: ", GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfTheClientsOutput,
                         testing::ValuesIn(faults("write", kWrite, kWholeMessage)), name_of_test);

class PassingFaultOfTheClientsOutput : public ClientFaultTest {};

TEST_P(PassingFaultOfTheClientsOutput, LosesNoByte) {
  const Echo client = echo(place_of(GetParam(), rehearse(), kFromTheStart));
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_TRUE(client.exact);
}

INSTANTIATE_TEST_SUITE_P(Each, PassingFaultOfTheClientsOutput,
                         testing::ValuesIn(faults("write", kNotNow, kWholeMessage)), name_of_test);

class FaultOfTheClientsInput : public ClientFaultTest {};

TEST_P(FaultOfTheClientsInput, IsToldInOneLine) {
  const std::string place = place_of(GetParam(), rehearse(), kFromTheStart);
  expect_failure(echo(place), "echo_client: cannot read standard input: ", GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfTheClientsInput,
                         testing::ValuesIn(faults("read", kRead, "(0, ")), name_of_test);

class PassingFaultOfTheClientsInput : public ClientFaultTest {};

TEST_P(PassingFaultOfTheClientsInput, LosesNoByte) {
  const Echo client = echo(place_of(GetParam(), rehearse(), kFromTheStart));
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_TRUE(client.exact);
}

INSTANTIATE_TEST_SUITE_P(Each, PassingFaultOfTheClientsInput,
                         testing::ValuesIn(faults("read", kNotNow, "(0, ")), name_of_test);

class FaultOfTheClientsSelect : public ClientFaultTest {};

TEST_P(FaultOfTheClientsSelect, IsToldInOneLine) {
  expect_failure(echo("1"), "echo_client: select: ", GetParam().reason());
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfTheClientsSelect,
                         testing::ValuesIn(faults("pselect6", kSelect)), name_of_test);

// A client that measures, on two connections, and meets the fault.
class MeasurementFaultTest : public FaultTest {
 protected:
  static Outcome measure() {
    const ServerProgram server({"-H", "127.0.0.1", "--quiet"});
    const TracedOutcome client = run_traced(
        {inject(GetParam(), "1")}, ECHO_CLIENT,
        {"-H", "127.0.0.1", "-p", std::to_string(server.port()), "-c", "2", "-n", "5", "--json"});
    EXPECT_GE(count_of(client.trace, "(INJECTED)"), 1U);
    return client.outcome;
  }

  static bool has(const Outcome& client, const std::string& text) {
    return client.output.find(text) != std::string::npos;
  }
};

class PassingFaultOfAMeasurement : public MeasurementFaultTest {};

TEST_P(PassingFaultOfAMeasurement, IsNone) {
  const Outcome client = measure();
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_TRUE(has(client, "\"exact\":true")) << client.output;
  EXPECT_TRUE(has(client, "{\"sent\":10,\"received\":10,")) << client.output;
}

INSTANTIATE_TEST_SUITE_P(
    Each, PassingFaultOfAMeasurement,
    testing::ValuesIn(join({faults("recvfrom", kNotNow), faults("sendto", kNotNow),
                            faults("pselect6", {EINTR}), faults("prctl", {EINVAL})})),
    name_of_test);

class FaultOfAMeasurement : public MeasurementFaultTest {};

// It is that of the first connection, and the second one's messages are all measured.
TEST_P(FaultOfAMeasurement, CostsTheConnectionThatHasIt) {
  const Outcome client = measure();
  EXPECT_EQ(client.status, 1);
  EXPECT_EQ(client.error.find(kFirstConnection), 0U) << client.error;
  EXPECT_NE(client.error.find(GetParam().reason()), std::string::npos) << client.error;
  EXPECT_TRUE(has(client, "\"failed\":1,")) << client.output;
  EXPECT_TRUE(has(client, "\"received\":5,")) << client.output;
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultOfAMeasurement,
    testing::ValuesIn(join({faults("socket", kSocket), faults("connect", kConnect),
                            faults("getsockopt", kSocketOption), faults("recvfrom", kRecvFatal),
                            faults("sendto", kSendFatal)})),
    name_of_test);

class FaultOfAMeasurementsSelect : public MeasurementFaultTest {};

TEST_P(FaultOfAMeasurementsSelect, IsToldInOneLine) {
  const Outcome client = measure();
  EXPECT_EQ(client.status, 1);
  EXPECT_EQ(client.error.find("echo_client: select: " + GetParam().reason()), 0U) << client.error;
}

INSTANTIATE_TEST_SUITE_P(Each, FaultOfAMeasurementsSelect,
                         testing::ValuesIn(faults("pselect6", kSelect)), name_of_test);

}  // namespace
}  // namespace echo::test
