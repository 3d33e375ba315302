#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "echo/base/errno_text.h"
#include "echo/base/time.h"
#include "echo/os/unique_fd.h"
#include "echo/report/figures.h"
#include "support/false_server.h"
#include "support/program.h"
#include "support/temporary_file.h"
#include "support/test_peer.h"
#include "support/text.h"
#include "support/traced_server.h"

// A measuring client detects every fault of a server and reports no other.
namespace echo::test {
namespace {

constexpr std::size_t kSize = 64;

std::vector<std::string> measuring(std::uint16_t port, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-4", "--json", "--quiet", "-t1m"});
  return at_port(port, std::move(arguments));
}

// Returns a number from the results, such as "received" in "messages". Uses no std::regex, whose
// recursion could overflow the stack on the long object of the latencies.
std::uint64_t figure(const std::string& json, const std::string& object, const std::string& name) {
  const std::string opening = '"' + object + "\":{";
  const std::string key = '"' + name + "\":";
  const std::size_t begin = json.find(opening);
  const std::size_t place = json.find(key, begin);
  if (begin == std::string::npos || place > json.find_first_of("{}", begin + opening.size())) {
    throw std::runtime_error("no " + name + ": " + json);
  }
  return std::stoull(json.substr(place + key.size()));
}

bool is_exact(const std::string& json) { return json.find("\"exact\":true") != std::string::npos; }

void echo(const TestPeer& peer, int messages) {
  for (; messages > 0; --messages) peer.send(peer.receive(kSize));
}

// Echoes message by message until EOF.
void echo_all(const TestPeer& peer) {
  for (std::string text = peer.receive(kSize); !text.empty(); text = peer.receive(kSize)) {
    peer.send(text);
  }
}

// A full pipe that is never read.
class UnreadPipe {
 public:
  UnreadPipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe");
    reader_ = UniqueFd(fds[0]);
    writer_ = UniqueFd(fds[1]);
    const std::string block(4096, '.');
    while (::write(writer_.get(), block.data(), block.size()) > 0) {
    }
  }

  // The path with which another program opens the pipe.
  std::string path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(writer_.get());
  }

 private:
  UniqueFd reader_;
  UniqueFd writer_;
};

// True if the process has a handler for the signal (proc(5)).
bool catches(const Program& program, int signal) {
  std::ostringstream text;
  text << std::ifstream("/proc/" + std::to_string(program.pid()) + "/status").rdbuf();
  const std::string status = text.str();
  const std::size_t place = status.find("SigCgt:");
  if (place == std::string::npos) return false;
  return (std::stoull(status.substr(place + 7), nullptr, 16) >> (signal - 1) & 1U) != 0;
}

void expect_end_on_sigterm(const std::vector<std::string>& arguments,
                           const LaunchSettings& settings) {
  Program client(ECHO_CLIENT, arguments, settings);
  wait_until([&] { return catches(client, SIGTERM); });
  client.signal(SIGTERM);
  EXPECT_EQ(client.wait_for_exit(), 143) << arguments.back();
}

// Returns the outcome of a client that sends ten messages, of which the server changes the sixth.
template <typename Change>
Outcome run_with_changed_echo(Change change) {
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n", "10"}));
  {
    const TestPeer peer = server.accept();
    echo(peer, 5);
    std::string text = peer.receive(kSize);
    change(text);
    peer.send(text);
    // Waits until the client closes, so that no later message needs an answer.
    peer.receive_to_eof();
  }
  return {.status = client.wait_for_exit(),
          .output = client.output_text(),
          .error = client.error_text()};
}

void expect_mismatch(const Outcome& client, std::size_t least, std::size_t most) {
  EXPECT_EQ(client.status, 1);
  const std::vector<std::string> offset = groups_of(
      client.error,
      R"(error: connection 1 \(127\.0\.0\.1:\d+\): bytes differ at offset (\d+): sent 0x[0-9a-f]{2}, received 0x[0-9a-f]{2} in .*\n)");
  ASSERT_EQ(offset.size(), 1U) << client.error;
  EXPECT_GE(std::stoul(offset[0]), least);
  EXPECT_LE(std::stoul(offset[0]), most);
  EXPECT_EQ(figure(client.output, "errors", "mismatch"), 1U);
  EXPECT_EQ(figure(client.output, "messages", "received"), 5U);
  EXPECT_EQ(figure(client.output, "messages", "lost"), 1U);
  EXPECT_FALSE(is_exact(client.output));
}

TEST(Measuring, DetectsAFlippedBit) {
  const Outcome client =
      run_with_changed_echo([](std::string& text) { text[7] = static_cast<char>(text[7] ^ 0x10); });
  expect_mismatch(client, 5 * kSize + 7, 5 * kSize + 7);
}

// The bytes behind the dropped one may equal it by chance, so the first difference may come later.
TEST(Measuring, DetectsADroppedByte) {
  const Outcome client = run_with_changed_echo([](std::string& text) { text.erase(7, 1); });
  expect_mismatch(client, 5 * kSize + 7, 5 * kSize + 20);
}

TEST(Measuring, DetectsADuplicatedByte) {
  const Outcome client =
      run_with_changed_echo([](std::string& text) { text.insert(7, 1, text[7]); });
  expect_mismatch(client, 5 * kSize + 7, 5 * kSize + 20);
}

TEST(Measuring, DetectsTwoSwappedBytes) {
  const Outcome client = run_with_changed_echo([](std::string& text) {
    // The bytes must differ.
    const std::size_t place = text[7] != text[8] ? 7 : 8;
    std::swap(text[place], text[place + 1]);
  });
  expect_mismatch(client, 5 * kSize + 7, 5 * kSize + 8);
}

TEST(Measuring, DetectsAnExtraByteAtTheEnd) {
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n", "1"}));
  const TestPeer peer = server.accept();
  peer.send(peer.receive(kSize) + "!");
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("offset 64: nothing was sent at this offset, received 0x21"),
            std::string::npos)
      << client.error_text();
}

TEST(Measuring, DetectsTheEchoOfAnotherConnection) {
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-c", "2", "-n", "1"}));
  const TestPeer one = server.accept();
  const TestPeer other = server.accept();
  const std::string from_one = one.receive(kSize);
  const std::string from_other = other.receive(kSize);
  one.send(from_other);
  other.send(from_one);
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_EQ(figure(client.output_text(), "errors", "mismatch"), 2U);
}

TEST(Measuring, ReportsAServerThatClosesEarly) {
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n", "2"}));
  {
    const TestPeer peer = server.accept();
    peer.send(peer.receive(kSize));
    peer.receive(kSize);
  }
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("the server closed early, at offset 64 of 128"),
            std::string::npos)
      << client.error_text();
  EXPECT_EQ(figure(client.output_text(), "errors", "closed_early"), 1U);
}

TEST(Measuring, ReportsAReset) {
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n", "2"}));
  TestPeer peer = server.accept();
  peer.receive(kSize);
  peer.reset();
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("Connection reset by peer, at offset 0 of 64"),
            std::string::npos)
      << client.error_text();
  EXPECT_EQ(figure(client.output_text(), "errors", "reset"), 1U);
}

TEST(Measuring, ReportsAServerThatNeverAnswers) {
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n", "2", "-t", "100ms"}));
  const TestPeer peer = server.accept();
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("no answer within 100ms, at offset 0 of 64"),
            std::string::npos)
      << client.error_text();
  EXPECT_EQ(figure(client.output_text(), "errors", "timeout"), 1U);
}

// The client has no timeout, so it must stop because of the refusals.
TEST(Measuring, StopsOnAPortThatRefusesAllConnections) {
  const DeadPort dead;
  const Outcome client = run(ECHO_CLIENT, measuring(dead.port(), {"-D", "1h", "-c", "20", "-t0"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_NE(client.error.find("cannot connect to 127.0.0.1:" + std::to_string(dead.port()) +
                              ": Connection refused"),
            std::string::npos)
      << client.error;
  EXPECT_EQ(figure(client.output, "errors", "connect"), 20U);
}

TEST(Measuring, StopsAtTheTimeoutIfNoConnectionOpens) {
  const SilentPort silent;
  const Outcome client = run(
      ECHO_CLIENT, measuring(silent.endpoint().port(), {"-D", "1h", "-c", "300", "-t", "100ms"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_NE(client.error.find("no answer within 100ms"), std::string::npos) << client.error;
  EXPECT_EQ(figure(client.output, "errors", "connect_timeout"), 300U);
}

// The kernel sends the request for the connection again after a second (RFC 6298, section 2.1).
TEST(Measuring, CountsRetransmitsOfALostConnectionRequest) {
  const SilentPort silent;
  const Outcome client =
      run(ECHO_CLIENT, at_port(silent.endpoint().port(),
                               {"-4", "--json", "-n2", "-t1500ms", "--connect", "--sample=1s"}));
  EXPECT_EQ(client.status, 1);
  // At least one of each connection, although both have the same slot.
  const std::uint64_t all = figure(client.output, "path", "retransmits");
  EXPECT_GE(all, 2U) << client.output;
  std::uint64_t sum = 0;
  for (std::size_t place = client.output.find("\"samples\":");
       (place = client.output.find("\"path\":{", place)) != std::string::npos; ++place) {
    sum += figure(client.output.substr(place), "path", "retransmits");
  }
  EXPECT_EQ(sum, all) << client.output;
}

TEST(Measuring, ReportsThePathOfEachConnection) {
  const ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT, measuring(server.port(), {"-c3", "-n5", "--sample=1s", "--idle=2"}));
  EXPECT_EQ(figure(client.output, "path", "readings"), 3U) << client.output;
  EXPECT_GT(figure(client.output, "path", "round_trip_mean_ns"), 0U);
  const std::size_t samples = client.output.find("\"samples\":");
  EXPECT_GE(figure(client.output.substr(samples), "path", "readings"), 3U) << client.output;
}

TEST(Measuring, ReportsThePathOfAConnectionThatIsStillOpen) {
  const ServerProgram server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-D1m", "--deadline=300ms"}));
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_EQ(figure(client.output_text(), "path", "readings"), 1U) << client.output_text();
}

TEST(Measuring, ReportsThatItIsOutOfDescriptors) {
  if (sanitized()) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT, measuring(server.port(), {"-c", "40", "-n", "1"}), {}, {.descriptors = 30});
  EXPECT_EQ(client.status, 1);
  EXPECT_NE(client.error.find("cannot open a socket: " + ErrnoText{EMFILE}.to_string()),
            std::string::npos)
      << client.error;
  EXPECT_GT(figure(client.output, "errors", "no_descriptor"), 0U);
  EXPECT_GT(figure(client.output, "messages", "received"), 0U);
}

// A message is scheduled every millisecond on each of two connections. The server stalls the first
// connection from its hundredth message on, until the second one has sent about a thousand more.
// The hundredth message was scheduled at 99 ms, and the stall ends at 1,098 ms or later. So a
// message on the first connection waits from its scheduled time to the end of the stall: the 400th
// for at least 0.69 s, the 130th for 0.96 s.
void expect_stall_in_scheduled_messages(const std::vector<std::string>& depth) {
  std::vector<std::string> arguments = {"-c", "2", "-r", "2000/s", "-D", "1500ms"};
  arguments.insert(arguments.end(), depth.begin(), depth.end());
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), std::move(arguments)));
  const TestPeer stalled = server.accept();
  const TestPeer other = server.accept();
  echo(stalled, 99);
  echo(other, 99);
  const std::string hundredth = stalled.receive(kSize);
  echo(other, 1001);
  stalled.send(hundredth);
  for (const TestPeer* peer : {&stalled, &other}) {
    echo_all(*peer);
    peer->shut_down_sending();
  }
  EXPECT_EQ(client.wait_for_exit(), 0) << client.error_text();
  const std::string& json = client.output_text();
  EXPECT_EQ(figure(json, "messages", "received"), 3000U);
  EXPECT_GE(figure(json, "latency", "p90_ns"), 690'000'000U);
  EXPECT_GE(figure(json, "latency", "p99_ns"), 960'000'000U);
  EXPECT_GE(figure(json, "latency", "p99_9_ns"), 990'000'000U);
}

TEST(Measuring, CountsAStallForEveryScheduledMessage) { expect_stall_in_scheduled_messages({}); }

// With a pipeline of one, only the hundredth message is in flight. The later ones are not sent yet.
TEST(Measuring, CountsAStallForUnsentMessages) { expect_stall_in_scheduled_messages({"-P", "1"}); }

// A message is scheduled every millisecond, but the first one is never answered, and only one may
// be in flight.
TEST(Measuring, SleepsWhileNoMessageMayBeSent) {
  if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  const FalseServer server;
  const TracedOutcome client =
      run_traced({}, ECHO_CLIENT,
                 measuring(server.port(), {"-r", "1000", "-P", "1", "-D", "500ms", "-t", "600ms"}));
  EXPECT_EQ(client.outcome.status, 1);
  EXPECT_GT(figure(client.outcome.output, "messages", "lost"), 400U);
  EXPECT_LT(count_of(client.trace, "pselect6("), 50U);
}

TEST(Measuring, SendsEachScheduledMessageOnce) {
  ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT, measuring(server.port(), {"-c", "7", "-r", "900/s", "-D", "500ms"}));
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_EQ(figure(client.output, "messages", "sent"), 450U);
  EXPECT_EQ(figure(client.output, "lateness", "count"), 450U);
  EXPECT_EQ(bytes_in(server), 450 * kSize);
}

TEST(Measuring, PrintsTheResultsSoFarOnCtrlC) {
  for (const auto& [signal, status] :
       {std::pair(SIGHUP, 129), std::pair(SIGINT, 130), std::pair(SIGTERM, 143)}) {
    ServerProgram server;
    Program client(ECHO_CLIENT, measuring(server.port(), {"-D", "1h", "-c", "10"}));
    server.wait_for_line("new connection");
    wait_until([&] { return bytes_in(server) > 1000; });
    client.signal(signal);
    EXPECT_EQ(client.wait_for_exit(), status) << client.error_text();
    EXPECT_GT(figure(client.output_text(), "messages", "received"), 0U);
    EXPECT_NE(client.output_text().find("\"interrupted\":true"), std::string::npos);
    EXPECT_TRUE(is_exact(client.output_text()));
  }
}

TEST(Measuring, PrintsProgressOnASignalAndContinues) {
  for (const int signal : {SIGQUIT, SIGUSR1}) {
    ServerProgram server;
    Program client(ECHO_CLIENT, measuring(server.port(), {"-D", "1h"}));
    wait_until([&] { return bytes_in(server) > 1000; });
    client.signal(signal);
    client.wait_for_line(" messages sent, ");
    const std::uint64_t before = bytes_in(server);
    wait_until([&] { return bytes_in(server) > before; });
    client.signal(SIGINT);
    EXPECT_EQ(client.wait_for_exit(), 130);
  }
}

TEST(Measuring, ReportsThatItIsStillConnecting) {
  const SilentPort silent;
  Program client(ECHO_CLIENT, measuring(silent.endpoint().port(), {"-D", "1h", "-c", "3"}));
  wait_until([&] { return catches(client, SIGUSR1); });
  client.signal(SIGUSR1);
  client.wait_for_line("connecting, 0 of 3 open: ");
  client.signal(SIGINT);
  EXPECT_EQ(client.wait_for_exit(), 130);
  EXPECT_EQ(figure(client.output_text(), "connections", "not_open"), 3U);
  EXPECT_FALSE(is_exact(client.output_text()));
}

// The unread pipe is standard output in each format, or standard error.
TEST(Measuring, EndsWhileItsOutputIsStuck) {
  ServerProgram server;
  const DeadPort dead;
  const UnreadPipe pipe;
  const LaunchSettings no_output{.standard_output = pipe.path()};
  const LaunchSettings no_errors{.standard_error = pipe.path()};
  const std::vector<std::string> failing{"-4", "-D", "1h", "--reconnect", "-c", "20"};
  expect_end_on_sigterm(at_port(server.port(), {"-4", "-D", "1h", "--csv"}), no_output);
  expect_end_on_sigterm(at_port(server.port(), {"-4", "-I", "1s"}), no_output);
  expect_end_on_sigterm(at_port(server.port(), {"-4", "-n", "1", "--json"}), no_output);
  expect_end_on_sigterm(at_port(dead.port(), failing), no_errors);
}

TEST(Measuring, EndsWhileItsPictureIsStuck) {
  ServerProgram server;
  const TemporaryFile place;
  const std::string fifo = place.path() + ".fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n", "5", "--svg", fifo}));
  // The client installs its handlers before it opens the FIFO.
  wait_until([&] { return catches(client, SIGTERM); });
  client.signal(SIGTERM);
  EXPECT_EQ(client.wait_for_exit(), 143);
  ::unlink(fifo.c_str());
}

TEST(Measuring, EndsAtItsDeadlineIfItsPictureIsStuck) {
  ServerProgram server;
  const TemporaryFile place;
  const std::string fifo = place.path() + ".fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  Program client(ECHO_CLIENT,
                 measuring(server.port(), {"-n", "5", "--svg", fifo, "--deadline", "100ms"}));
  EXPECT_EQ(client.wait_for_exit(), 1);
  ::unlink(fifo.c_str());
}

TEST(Measuring, EndsAtItsDeadlineIfStandardErrorIsStuck) {
  const FalseServer silent;
  const UnreadPipe pipe;
  const LaunchSettings no_errors{.standard_error = pipe.path()};
  Program measures(ECHO_CLIENT,
                   at_port(silent.port(), {"-n", "1", "--json", "--deadline", "100ms"}), no_errors);
  Program talks(ECHO_CLIENT, at_port(silent.port(), {"--deadline", "100ms", "message"}), no_errors);
  EXPECT_EQ(measures.wait_for_exit(), 1);
  EXPECT_EQ(figure(measures.output_text(), "messages", "in_flight"), 1U);
  EXPECT_EQ(talks.wait_for_exit(), 1);
}

TEST(Measuring, CountsUnsentMessagesAtItsDeadline) {
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n", "5", "--deadline", "300ms"}));
  const TestPeer peer = server.accept();
  echo(peer, 1);
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_EQ(figure(client.output_text(), "messages", "in_flight"), 1U);
  EXPECT_EQ(figure(client.output_text(), "messages", "unsent"), 3U);
  EXPECT_NE(client.output_text().find("\"deadline_passed\":true"), std::string::npos);
}

TEST(Measuring, SendsMessagesOfRandomSizes) {
  ServerProgram server;
  const Outcome client = run(
      ECHO_CLIENT, measuring(server.port(), {"-c", "5", "-n", "40", "-s", "1-100K", "-P", "4"}));
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_EQ(figure(client.output, "messages", "received"), 200U);
  EXPECT_NE(client.output.find("\"bytes\":" + std::to_string(bytes_in(server))), std::string::npos)
      << client.output;
}

TEST(Measuring, SendsLinesOfText) {
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n2", "--text", "-s", "5-70"}));
  const TestPeer peer = server.accept();
  for (int message = 0; message < 2; ++message) {
    std::string line;
    while (!line.ends_with('\n')) line += peer.receive(1);
    EXPECT_TRUE(matches(line, "[ -~]{4,69}\n")) << line;
    peer.send(line);
  }
  EXPECT_EQ(peer.receive_to_eof(), "");
  peer.shut_down_sending();
  EXPECT_EQ(client.wait_for_exit(), 0) << client.error_text();
  EXPECT_EQ(figure(client.output_text(), "messages", "received"), 2U);
}

TEST(Measuring, SendsTheContentsOfAFile) {
  const TemporaryFile data(std::string("PING\r\n\0", 7));
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n2", "--data", data.path()}));
  const TestPeer peer = server.accept();
  for (int message = 0; message < 2; ++message) {
    EXPECT_EQ(peer.receive(7), data.contents());
    peer.send(data.contents());
  }
  EXPECT_EQ(peer.receive_to_eof(), "");
  peer.shut_down_sending();
  EXPECT_EQ(client.wait_for_exit(), 0) << client.error_text();
}

TEST(Measuring, DetectsAWrongEchoOfAFile) {
  const TemporaryFile data("PING");
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n1", "--data", data.path()}));
  const TestPeer peer = server.accept();
  peer.receive(4);
  peer.send("PONG");
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_EQ(figure(client.output_text(), "errors", "mismatch"), 1U);
}

TEST(Measuring, NamesAFileThatItCannotSend) {
  const TemporaryFile empty;
  const std::vector<std::pair<std::string, std::string>> files{
      {empty.path(), "it is empty"},
      {"/nowhere/data", ErrnoText{ENOENT}.to_string()},
      {"/", ErrnoText{EISDIR}.to_string()},
      {"/dev/zero", "larger than 64.0 MiB"}};
  for (const auto& [path, reason] : files) {
    const Outcome client = run(ECHO_CLIENT, {"-n1", "--json", "--data", path});
    EXPECT_EQ(client.status, 1);
    EXPECT_EQ(client.error,
              std::string("echo_client: cannot use '").append(path).append("' as a message: ") +
                  reason + "\n");
    EXPECT_NE(client.output.find("cannot use"), std::string::npos) << client.output;
  }
}

TEST(Measuring, OpensOneConnectionPerMessageWithChurn) {
  ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT, measuring(server.port(), {"-c", "5", "-n", "40", "--churn"}));
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_EQ(figure(client.output, "connections", "opened"), 200U);
  EXPECT_EQ(figure(client.output, "messages", "received"), 200U);
  server.signal(SIGUSR1);
  server.wait_for_line(" 200 accepted, ");
}

TEST(Measuring, KeepsAdditionalIdleConnectionsOpen) {
  ServerProgram server;
  const Outcome client = run(
      ECHO_CLIENT, measuring(server.port(), {"-c", "2", "-n", "100", "--idle", "50", "-P", "2"}));
  EXPECT_EQ(client.status, 0) << client.error;
  EXPECT_EQ(figure(client.output, "connections", "open_at_most"), 52U);
  server.signal(SIGUSR1);
  server.wait_for_line(" 52 accepted, ");
  EXPECT_EQ(bytes_in(server), 200 * kSize);
}

TEST(Measuring, SendsEofAfterTheLastMessageWithHalfClose) {
  FalseServer server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n", "1", "--half-close"}));
  {
    const TestPeer peer = server.accept();
    const std::string text = peer.receive_to_eof();
    EXPECT_EQ(text.size(), kSize);
    peer.send(text);
  }
  EXPECT_EQ(client.wait_for_exit(), 0) << client.error_text();
}

// There is no timeout, because some messages may wait for long on a busy machine.
TEST(Measuring, ChecksTenThousandConnectionsInBoundedMemory) {
  if (sanitized()) GTEST_SKIP() << "a sanitizer takes memory of its own";
  constexpr std::size_t kCrowd = 10'000;
  if (!allow_descriptors(kCrowd + 1000)) GTEST_SKIP() << "the hard limit of descriptors is lower";
  ServerProgram server({"--quiet"});
  Program client(ECHO_CLIENT,
                 measuring(server.port(), {"-c", std::to_string(kCrowd), "-D", "1h", "-t0"}));
  wait_until([&] { return bytes_in(server) > 5 * kCrowd * kSize; });
  const std::size_t memory_at_first = client.peak_memory();
  wait_until([&] { return bytes_in(server) > 20 * kCrowd * kSize; });
  EXPECT_LT(client.peak_memory(), memory_at_first + (1UL << 20));
  EXPECT_LT(memory_at_first, 32UL << 20);
  client.signal(SIGINT);
  EXPECT_EQ(client.wait_for_exit(), 130);
  EXPECT_EQ(figure(client.output_text(), "connections", "open_at_most"), kCrowd);
  EXPECT_TRUE(is_exact(client.output_text())) << client.error_text();
}

TEST(Measuring, PrintsJsonThatJqAccepts) {
  if (run("sh", {"-c", "command -v jq"}).status != 0) GTEST_SKIP() << "jq is missing";
  ServerProgram server;
  const Outcome client = run(ECHO_CLIENT, measuring(server.port(), {"-n", "100"}));
  const Outcome jq = run("jq",
                         {"-e",
                          ".format == \"echo_client-load\" and .version == 2 and .exact and "
                          "([.latency.histogram[][2]] | add) == 100 and .latency.count == 100"},
                         client.output);
  EXPECT_EQ(jq.output, "true\n") << client.output;
}

TEST(Measuring, PrintsOneCsvLinePerSample) {
  ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT,
          at_port(server.port(), {"-4", "-r", "100", "-D", "500ms", "--csv", "--sample", "100ms"}));
  EXPECT_EQ(client.status, 0) << client.error;
  std::istringstream lines(client.output);
  std::string line;
  std::getline(lines, line);
  EXPECT_TRUE(line.starts_with("time,begin_s,end_s,messages,bytes,")) << line;
  double end = 0;
  std::uint64_t messages = 0;
  while (std::getline(lines, line)) {
    const std::vector<std::string> begin_end_messages =
        groups_of(line, "[^,]+,([0-9.]+),([0-9.]+),([0-9]+),[0-9.,]*");
    ASSERT_EQ(begin_end_messages.size(), 3U) << line;
    EXPECT_EQ(std::stod(begin_end_messages[0]), end);
    EXPECT_GT(std::stod(begin_end_messages[1]), end);
    end = std::stod(begin_end_messages[1]);
    messages += std::stoull(begin_end_messages[2]);
  }
  EXPECT_EQ(messages, 50U);
  EXPECT_GE(end, 0.5);
}

TEST(Measuring, DrawsAPicture) {
  ServerProgram server;
  const std::string before = format_wall_time(wall_time());
  const TemporaryFile picture("old");
  const Outcome client =
      run(ECHO_CLIENT,
          measuring(server.port(), {"-D", "100ms", "--svg", picture.path(), "--sample", "10ms"}));
  EXPECT_EQ(client.status, 0) << client.error;
  const std::string drawn = picture.contents();
  EXPECT_TRUE(drawn.starts_with("<svg") || drawn.starts_with("<?xml")) << drawn;
  EXPECT_TRUE(drawn.ends_with("</svg>\n")) << drawn;
  EXPECT_NE(drawn.find(" -D 100ms --svg " + picture.path() + " --sample 10ms</text>"),
            std::string::npos)
      << drawn;
  const std::vector<std::string> begun =
      first_groups_in(drawn, ">Measured from ([0-9TZ:.-]+) by echo_client [0-9.]+</text>");
  ASSERT_EQ(begun.size(), 1U) << drawn;
  EXPECT_LE(before, begun.front());
  EXPECT_LE(begun.front(), format_wall_time(wall_time()));
  // All coordinates are within the picture.
  const std::vector<std::string> coordinates =
      first_groups_in(drawn, R"x( (?:x|y|x1|x2|y1|y2|width|height)="(-?[0-9.]+)")x");
  EXPECT_FALSE(coordinates.empty());
  for (const std::string& coordinate : coordinates) {
    const double number = std::stod(coordinate);
    EXPECT_TRUE(number >= 0 && number <= 900) << coordinate;
  }
}

TEST(Measuring, ChecksThePictureFileBeforeItBegins) {
  FalseServer server;
  const Outcome client =
      run(ECHO_CLIENT, measuring(server.port(), {"-n", "1", "--svg", "/nowhere/picture"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_EQ(client.error,
            "echo_client: cannot write '/nowhere/picture': No such file or directory\n");
}

TEST(Measuring, PrintsResultsIfThePictureFails) {
  ServerProgram server;
  const Outcome client =
      run(ECHO_CLIENT, measuring(server.port(), {"-n", "1", "--svg", "/dev/full", "--quiet"}));
  EXPECT_EQ(client.status, 1);
  EXPECT_EQ(client.error, "echo_client: cannot write '/dev/full': No space left on device\n");
  EXPECT_TRUE(is_exact(client.output));
}

TEST(Measuring, FailsIfItsResultsCannotBePrinted) {
  ServerProgram server;
  Program client(ECHO_CLIENT, measuring(server.port(), {"-n", "1"}),
                 {.standard_output = "/dev/full"});
  EXPECT_EQ(client.wait_for_exit(), 1);
  EXPECT_NE(client.error_text().find("cannot write standard output"), std::string::npos)
      << client.error_text();
}

TEST(Measuring, PlotsInTheCharactersOfTheLocale) {
  ServerProgram server;
  const std::vector<std::string> arguments =
      at_port(server.port(), {"-4", "-n", "500", "--histogram"});
  const Outcome unicode = run(ECHO_CLIENT, arguments, {}, {.environment = {{"LC_ALL", "C.UTF-8"}}});
  EXPECT_NE(unicode.output.find("\u2588"), std::string::npos) << unicode.output;
  const Outcome ascii = run(ECHO_CLIENT, arguments, {}, {.environment = {{"LC_ALL", "C"}}});
  EXPECT_NE(ascii.output.find("##"), std::string::npos) << ascii.output;
  EXPECT_EQ(ascii.output.find("\u2588"), std::string::npos) << ascii.output;
}

TEST(Measuring, ShowsNoProgressWithoutATerminal) {
  ServerProgram server;
  const Outcome client = run(ECHO_CLIENT, at_port(server.port(), {"-4", "-D", "500ms"}));
  EXPECT_EQ(client.status, 0);
  EXPECT_EQ(client.error, "");
  EXPECT_NE(client.output.find("Latency"), std::string::npos) << client.output;
}

}  // namespace
}  // namespace echo::test
