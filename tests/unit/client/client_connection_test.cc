#include "echo/client/client_connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "echo/base/errno_text.h"
#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/client/transcript.h"
#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/false_server.h"
#include "support/socket_pair.h"
#include "support/start.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using test::kStart;
using test::wait_readable;
using test::wait_writable;
constexpr Duration kTimeout = 10s;

// A listener whose connections the test accepts.
struct Stub {
  UniqueFd accept() const {
    EXPECT_TRUE(wait_readable(listener.get()));
    return std::move(accept_from(listener.get()).fd);
  }

  UniqueFd listener = listen_on(resolve("127.0.0.1", 0).front(), 1, false);
  Endpoint endpoint = local_endpoint(listener.get());
};

// An address that refuses connections. It is bound, so no other process gets it.
struct Refuser {
  Refuser() {
    const Endpoint any_port = resolve("127.0.0.1", 0).front();
    EXPECT_EQ(::bind(fd.get(), any_port.address(), any_port.length()), 0);
    endpoint = local_endpoint(fd.get());
  }

  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Endpoint endpoint;
};

ClientConnection::Addresses list_of(const std::vector<Endpoint>& servers) {
  return std::make_shared<const std::vector<Endpoint>>(servers);
}

// Waits until the connection attempt has succeeded or failed, and passes the event on.
void settle(ClientConnection& connection, Time now = kStart) {
  ASSERT_TRUE(wait_writable(connection.fd()));
  connection.handle_writable(now);
}

void expect_failed(const ClientConnection& connection, Failure kind, const std::string& failure) {
  EXPECT_EQ(connection.state(), ClientConnection::State::kFailed);
  EXPECT_EQ(connection.failure_kind(), kind);
  EXPECT_EQ(connection.failure(), failure);
  EXPECT_TRUE(connection.is_over());
  EXPECT_EQ(connection.fd(), -1);
  EXPECT_FALSE(connection.wants_input());
  EXPECT_FALSE(connection.wants_output());
}

// An open connection, and the server's end of it.
struct Dialogue {
  explicit Dialogue(std::string_view text = "", Duration timeout = kTimeout)
      : connection(list_of(servers), 0, transcript, timeout, kStart) {
    settle(connection);
    server = stub.accept();
    transcript.append(text);
    if (!text.empty()) connection.handle_writable(kStart);
  }

  // Sends the text from the server, and lets the connection receive it.
  void answer(std::string_view text, Time now = kStart) {
    send(server.get(), text);
    receive(now);
  }

  void answer_eof() {
    shut_down_sending(server.get());
    receive();
  }

  void receive(Time now = kStart) {
    ASSERT_TRUE(wait_readable(connection.fd()));
    connection.handle_readable(buffer, now);
  }

  void finish_and_half_close(Time now = kStart) {
    transcript.finish();
    connection.half_close(now);
  }

  // The next bytes that the server receives: at most a bufferful, none at EOF.
  std::string server_received() {
    EXPECT_TRUE(wait_readable(server.get()));
    const Moved received = echo::receive(server.get(), buffer);
    EXPECT_EQ(received.error, 0);
    return {buffer.data(), received.bytes};
  }

  void reset() {
    test::reset_on_close(server.get());
    server.reset();
    ASSERT_TRUE(wait_readable(connection.fd()));
  }

  Stub stub;
  std::vector<Endpoint> servers{stub.endpoint};
  Transcript transcript;
  ClientConnection connection;
  UniqueFd server;
  std::array<char, 65536> buffer{};
};

TEST(ClientConnection, StartsConnecting) {
  const Stub stub;
  const std::vector<Endpoint> servers{stub.endpoint};
  const Transcript transcript;
  const ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  EXPECT_EQ(connection.state(), ClientConnection::State::kConnecting);
  EXPECT_FALSE(connection.is_over());
  EXPECT_FALSE(connection.wants_input());
  EXPECT_TRUE(connection.wants_output());
}

TEST(ClientConnection, IsOpenOnceConnected) {
  const Dialogue dialogue;
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kOpen);
  EXPECT_FALSE(dialogue.connection.is_over());
  EXPECT_TRUE(dialogue.connection.wants_input());
}

TEST(ClientConnection, KnowsItsOwnAddressOnceOpen) {
  const Stub stub;
  const std::vector<Endpoint> servers{stub.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  EXPECT_EQ(connection.local().family(), AF_UNSPEC);
  settle(connection);
  ASSERT_TRUE(wait_readable(stub.listener.get()));
  EXPECT_EQ(connection.local().to_string(), accept_from(stub.listener.get()).peer.to_string());
}

TEST(ClientConnection, TriesTheNextAddressAfterARefusal) {
  const Refuser refuser;
  const Stub stub;
  const std::vector<Endpoint> servers{refuser.endpoint, stub.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  settle(connection);
  EXPECT_EQ(connection.state(), ClientConnection::State::kConnecting);
  EXPECT_TRUE(connection.wants_output());
  settle(connection);
  EXPECT_EQ(connection.state(), ClientConnection::State::kOpen);
  EXPECT_TRUE(stub.accept());
}

TEST(ClientConnection, TriesTheNextAddressIfSocketFails) {
  const Stub stub;
  const std::vector<Endpoint> servers{Endpoint(), stub.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  settle(connection);
  EXPECT_EQ(connection.state(), ClientConnection::State::kOpen);
}

TEST(ClientConnection, FailsIfEveryAddressRefuses) {
  const Refuser first;
  const Refuser second;
  const std::vector<Endpoint> servers{first.endpoint, second.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  settle(connection);
  settle(connection);
  expect_failed(connection, Failure::kConnect,
                "cannot connect to " + first.endpoint.to_string() + ": Connection refused; " +
                    second.endpoint.to_string() + ": Connection refused");
}

TEST(ClientConnection, FailsImmediatelyIfEverySocketFails) {
  const std::vector<Endpoint> servers{Endpoint()};
  const Transcript transcript;
  const ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  expect_failed(connection, Failure::kConnect,
                "cannot connect to unknown:0: " + ErrnoText{EAFNOSUPPORT}.to_string());
}

TEST(ClientConnection, WantsOutputWhileBytesAreUnsent) {
  Dialogue dialogue;
  EXPECT_FALSE(dialogue.connection.wants_output());
  dialogue.transcript.append("hello");
  EXPECT_TRUE(dialogue.connection.wants_output());
  dialogue.connection.handle_writable(kStart);
  EXPECT_FALSE(dialogue.connection.wants_output());
}

TEST(ClientConnection, SendsTheTranscript) {
  Dialogue dialogue("hello");
  EXPECT_EQ(dialogue.connection.sent(), 5U);
  EXPECT_EQ(dialogue.server_received(), "hello");
}

TEST(ClientConnection, SendsAppendedBytesOnce) {
  Dialogue dialogue("one");
  dialogue.server_received();
  dialogue.transcript.append("two");
  dialogue.connection.handle_writable(kStart);
  EXPECT_EQ(dialogue.server_received(), "two");
}

TEST(ClientConnection, IgnoresAWritableSocketWithNothingToSend) {
  Dialogue dialogue("hello");
  dialogue.connection.handle_writable(kStart + 1s);
  EXPECT_EQ(dialogue.connection.sent(), 5U);
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kOpen);
}

TEST(ClientConnection, StaysOpenIfTheSocketIsFull) {
  Dialogue dialogue;
  test::fill(dialogue.connection.fd());
  dialogue.transcript.append("hello");
  dialogue.connection.handle_writable(kStart + 1s);
  EXPECT_EQ(dialogue.connection.sent(), 0U);
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kOpen);
  EXPECT_TRUE(dialogue.connection.wants_output());
  EXPECT_EQ(dialogue.connection.deadline(), Time::max());
}

TEST(ClientConnection, StaysOpenIfNothingIsReadable) {
  Dialogue dialogue("hello");
  const Time deadline = dialogue.connection.deadline();
  dialogue.connection.handle_readable(dialogue.buffer, kStart + 1s);
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kOpen);
  EXPECT_EQ(dialogue.connection.received(), 0U);
  EXPECT_EQ(dialogue.connection.deadline(), deadline);
}

TEST(ClientConnection, SendsALongTranscriptInParts) {
  std::string text(8 << 20, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i % 251);
  Dialogue dialogue(text);
  EXPECT_LT(dialogue.connection.sent(), text.size());
  std::string received;
  while (received.size() < text.size()) {
    dialogue.connection.handle_writable(kStart);
    const std::string part = dialogue.server_received();
    ASSERT_NE(part, "");
    received += part;
  }
  EXPECT_TRUE(received == text);
  EXPECT_EQ(dialogue.connection.sent(), text.size());
}

TEST(ClientConnection, CountsExactEchoedBytes) {
  Dialogue dialogue("hello");
  dialogue.answer("he");
  EXPECT_EQ(dialogue.connection.received(), 2U);
  dialogue.answer("llo");
  EXPECT_EQ(dialogue.connection.received(), 5U);
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kOpen);
}

TEST(ClientConnection, ComparesWithTheRestOfTheTranscript) {
  Dialogue dialogue("hello");
  dialogue.answer("hello");
  dialogue.transcript.forget_before(5);
  dialogue.transcript.append("world");
  dialogue.connection.handle_writable(kStart);
  dialogue.answer("world");
  EXPECT_EQ(dialogue.connection.received(), 10U);
  EXPECT_EQ(dialogue.connection.failure(), "");
}

TEST(ClientConnection, HalfClosesOnceAFinishedTranscriptIsSent) {
  Dialogue dialogue("hello");
  dialogue.finish_and_half_close();
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kHalfClosed);
  EXPECT_FALSE(dialogue.connection.is_over());
  EXPECT_TRUE(dialogue.connection.wants_input());
  EXPECT_FALSE(dialogue.connection.wants_output());
  EXPECT_EQ(dialogue.server_received(), "hello");
  EXPECT_EQ(dialogue.server_received(), "");
}

TEST(ClientConnection, DoesNotHalfCloseWhileUnfinished) {
  Dialogue dialogue("hello");
  dialogue.connection.half_close(kStart);
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kOpen);
}

TEST(ClientConnection, DoesNotHalfCloseBeforeSendingAll) {
  Dialogue dialogue("hello");
  dialogue.transcript.append("more");
  dialogue.finish_and_half_close();
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kOpen);
}

TEST(ClientConnection, DoesNotHalfCloseWhileConnecting) {
  const Stub stub;
  const std::vector<Endpoint> servers{stub.endpoint};
  Transcript transcript;
  transcript.finish();
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  connection.half_close(kStart);
  EXPECT_EQ(connection.state(), ClientConnection::State::kConnecting);
}

TEST(ClientConnection, IsDoneAfterTheEchoAndEof) {
  Dialogue dialogue("hello");
  dialogue.answer("he");
  dialogue.finish_and_half_close();
  dialogue.answer("llo");
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kHalfClosed);
  dialogue.answer_eof();
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kDone);
  EXPECT_TRUE(dialogue.connection.is_over());
  EXPECT_EQ(dialogue.connection.failure(), "");
  EXPECT_EQ(dialogue.connection.received(), 5U);
  EXPECT_EQ(dialogue.connection.fd(), -1);
  EXPECT_FALSE(dialogue.connection.wants_input());
  EXPECT_FALSE(dialogue.connection.wants_output());
}

TEST(ClientConnection, ReportsOffsetAndBytesOfAMismatch) {
  Dialogue dialogue("hello");
  dialogue.answer("heLLo");
  expect_failed(dialogue.connection, Failure::kMismatch,
                "bytes differ at offset 2: sent 0x6c, received 0x4c in \"heLLo\"");
  EXPECT_EQ(dialogue.connection.received(), 2U);
}

TEST(ClientConnection, CountsOffsetsFromTheFirstByte) {
  Dialogue dialogue("hello");
  dialogue.answer("hel");
  dialogue.answer("l0");
  expect_failed(dialogue.connection, Failure::kMismatch,
                "bytes differ at offset 4: sent 0x6f, received 0x30 in \"0\"");
}

TEST(ClientConnection, ShowsNonAsciiBytesInHex) {
  Dialogue dialogue("\xff");
  dialogue.answer(std::string_view("\0", 1));
  expect_failed(dialogue.connection, Failure::kMismatch,
                R"(bytes differ at offset 0: sent 0xff, received 0x00 in "\x00")");
}

TEST(ClientConnection, ReportsTheFirstByteNeverSent) {
  Dialogue dialogue("hello");
  dialogue.answer("hello!?");
  expect_failed(
      dialogue.connection, Failure::kMismatch,
      "bytes differ at offset 5: nothing was sent at this offset, received 0x21 in \"hello!?\"");
  EXPECT_EQ(dialogue.connection.received(), 5U);
}

TEST(ClientConnection, FailsIfTheServerSendsFirst) {
  Dialogue dialogue;
  dialogue.answer("\xff");
  expect_failed(
      dialogue.connection, Failure::kMismatch,
      R"(bytes differ at offset 0: nothing was sent at this offset, received 0xff in "\xff")");
}

TEST(ClientConnection, FailsIfTheEchoRunsAhead) {
  Dialogue dialogue("he");
  dialogue.transcript.append("llo");
  dialogue.answer("hel");
  expect_failed(
      dialogue.connection, Failure::kMismatch,
      "bytes differ at offset 2: nothing was sent at this offset, received 0x6c in \"hel\"");
}

TEST(ClientConnection, ShowsTheGreetingOfAnotherService) {
  Dialogue dialogue;
  const std::string greeting = "220 mail ESMTP\r\n" + std::string(100, 'x');
  dialogue.answer(greeting);
  expect_failed(dialogue.connection, Failure::kMismatch,
                "bytes differ at offset 0: nothing was sent at this offset, received 0x32 in "
                "\"220 mail ESMTP\\r\\n" +
                    std::string(48, 'x') + "\"... (116 bytes)");
}

TEST(ClientConnection, ReportsAMismatchBeforeExtraBytes) {
  Dialogue dialogue("hello");
  dialogue.answer("Hello!");
  expect_failed(dialogue.connection, Failure::kMismatch,
                "bytes differ at offset 0: sent 0x68, received 0x48 in \"Hello!\"");
}

TEST(ClientConnection, FailsOnExtraBytesAfterHalfClose) {
  Dialogue dialogue("hello");
  dialogue.finish_and_half_close();
  dialogue.answer("hello");
  dialogue.answer("!");
  expect_failed(
      dialogue.connection, Failure::kMismatch,
      "bytes differ at offset 5: nothing was sent at this offset, received 0x21 in \"!\"");
}

TEST(ClientConnection, ReportsTheOffsetOfAnEarlyEof) {
  Dialogue dialogue("hello");
  dialogue.answer("he");
  dialogue.answer_eof();
  expect_failed(dialogue.connection, Failure::kClosedEarly,
                "the server closed early, at offset 2 of 5");
}

TEST(ClientConnection, ReportsAnEarlyEofAfterHalfClose) {
  Dialogue dialogue("hello");
  dialogue.finish_and_half_close();
  dialogue.answer("he");
  dialogue.answer_eof();
  expect_failed(dialogue.connection, Failure::kClosedEarly,
                "the server closed early, at offset 2 of 5");
}

TEST(ClientConnection, FailsOnEofBeforeHalfClose) {
  Dialogue dialogue("hello");
  dialogue.answer("hello");
  dialogue.answer_eof();
  expect_failed(dialogue.connection, Failure::kClosedEarly,
                "the server closed early, at offset 5 of 5");
}

TEST(ClientConnection, FailsOnAResetWhileReceiving) {
  Dialogue dialogue("hello");
  dialogue.reset();
  dialogue.receive();
  expect_failed(dialogue.connection, Failure::kReset, "Connection reset by peer, at offset 0 of 5");
}

TEST(ClientConnection, FailsOnAResetWhileSending) {
  Dialogue dialogue;
  dialogue.reset();
  dialogue.transcript.append("hello");
  dialogue.connection.handle_writable(kStart);
  expect_failed(dialogue.connection, Failure::kReset, "Connection reset by peer, at offset 0 of 5");
  EXPECT_EQ(dialogue.connection.sent(), 0U);
}

TEST(ClientConnection, FailsOnUrgentData) {
  Dialogue dialogue;
  dialogue.connection.handle_exceptional();
  expect_failed(dialogue.connection, Failure::kUrgent,
                "the server sent urgent data, at offset 0 of 0");
}

TEST(ClientConnection, KeepsTheFirstFailure) {
  Dialogue dialogue;
  dialogue.answer_eof();
  dialogue.connection.handle_exceptional();
  expect_failed(dialogue.connection, Failure::kClosedEarly,
                "the server closed early, at offset 0 of 0");
}

TEST(ClientConnection, DoesNothingAfterAFailure) {
  Dialogue dialogue("hello");
  dialogue.connection.handle_exceptional();
  dialogue.transcript.append("more");
  dialogue.connection.handle_writable(kStart);
  dialogue.connection.handle_readable(dialogue.buffer, kStart);
  dialogue.finish_and_half_close();
  expect_failed(dialogue.connection, Failure::kUrgent,
                "the server sent urgent data, at offset 0 of 5");
}

TEST(ClientConnection, IsDoneOnAResetAfterTheEcho) {
  Dialogue dialogue("hello");
  dialogue.answer("hello");
  dialogue.finish_and_half_close();
  dialogue.reset();
  dialogue.receive();
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kDone);
  EXPECT_TRUE(dialogue.connection.was_reset());
  EXPECT_EQ(dialogue.connection.failure(), "");
}

TEST(ClientConnection, FailsOnAResetBeforeTheWholeEcho) {
  Dialogue dialogue("hello");
  dialogue.answer("hell");
  dialogue.finish_and_half_close();
  dialogue.reset();
  dialogue.receive();
  expect_failed(dialogue.connection, Failure::kReset, "Connection reset by peer, at offset 4 of 5");
  EXPECT_FALSE(dialogue.connection.was_reset());
}

TEST(ClientConnection, StartsWithTheRequestedAddress) {
  const Refuser refuser;
  const Stub stub;
  const std::vector<Endpoint> servers{refuser.endpoint, stub.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 1, transcript, kTimeout, kStart);
  settle(connection);
  EXPECT_EQ(connection.state(), ClientConnection::State::kOpen);
  EXPECT_EQ(connection.refusals(), "");
}

TEST(ClientConnection, WrapsAroundToEarlierAddresses) {
  const Stub stub;
  const Refuser refuser;
  const std::vector<Endpoint> servers{stub.endpoint, refuser.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 1, transcript, kTimeout, kStart);
  settle(connection);
  settle(connection);
  EXPECT_EQ(connection.state(), ClientConnection::State::kOpen);
  EXPECT_EQ(connection.refusals(), refuser.endpoint.to_string() + ": Connection refused");
  EXPECT_EQ(connection.remote().to_string(), stub.endpoint.to_string());
}

// The loop recognises a new socket by its descriptor.
TEST(ClientConnection, UsesANewDescriptorForTheNextAddress) {
  const Refuser refuser;
  const Endpoint broadcast = resolve("255.255.255.255", 7).front();  // Refused immediately.
  const Stub stub;
  const std::vector<Endpoint> servers{refuser.endpoint, broadcast, stub.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  const int refused = connection.fd();
  settle(connection);
  EXPECT_EQ(connection.remote().to_string(), stub.endpoint.to_string());
  EXPECT_NE(connection.fd(), refused);
}

TEST(ClientConnectionDeadline, CountsFromTheStartOfConnecting) {
  const Stub stub;
  const std::vector<Endpoint> servers{stub.endpoint};
  const Transcript transcript;
  const ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  EXPECT_EQ(connection.deadline(), kStart + kTimeout);
}

TEST(ClientConnectionDeadline, SharesTheRemainingTimeAmongAddresses) {
  const Refuser refuser;
  const Stub stub;
  const std::vector<Endpoint> servers{refuser.endpoint, stub.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  EXPECT_EQ(connection.deadline(), kStart + kTimeout / 2);
  settle(connection, kStart + 3s);
  EXPECT_EQ(connection.deadline(), kStart + kTimeout);
}

TEST(ClientConnectionDeadline, IsNoneOnceTheEchoIsComplete) {
  Dialogue dialogue("hello");
  dialogue.answer("hello");
  EXPECT_EQ(dialogue.connection.deadline(), Time::max());
}

TEST(ClientConnectionDeadline, CountsFromTheFirstUnansweredByte) {
  Dialogue dialogue;
  dialogue.transcript.append("one");
  dialogue.connection.handle_writable(kStart + 1s);
  dialogue.transcript.append("two");
  dialogue.connection.handle_writable(kStart + 2s);
  EXPECT_EQ(dialogue.connection.deadline(), kStart + 1s + kTimeout);
}

TEST(ClientConnectionDeadline, RestartsWithEachPartOfTheAnswer) {
  Dialogue dialogue("hello");
  dialogue.answer("he", kStart + 3s);
  EXPECT_EQ(dialogue.connection.deadline(), kStart + 3s + kTimeout);
}

TEST(ClientConnectionDeadline, CoversTheWholeAnswerToAMessage) {
  Dialogue dialogue;
  dialogue.transcript.append_message("hello", kStart + 1s);
  dialogue.connection.handle_writable(kStart + 2s);
  EXPECT_EQ(dialogue.connection.deadline(), kStart + 1s + kTimeout);
  dialogue.answer("hell", kStart + 3s);
  EXPECT_EQ(dialogue.connection.deadline(), kStart + 1s + kTimeout);
  dialogue.answer("o", kStart + 3s);
  EXPECT_EQ(dialogue.connection.deadline(), Time::max());
}

TEST(ClientConnectionDeadline, CoversAMessageThatIsUnsent) {
  Dialogue dialogue;
  test::fill(dialogue.connection.fd());
  dialogue.transcript.append_message("hello", kStart + 1s);
  EXPECT_EQ(dialogue.connection.deadline(), kStart + 1s + kTimeout);
}

TEST(ClientConnectionDeadline, RestartsAtHalfClose) {
  Dialogue dialogue("hello");
  dialogue.answer("hello");
  dialogue.finish_and_half_close(kStart + 3s);
  EXPECT_EQ(dialogue.connection.deadline(), kStart + 3s + kTimeout);
}

TEST(ClientConnectionDeadline, IsNoneAfterAFailure) {
  Dialogue dialogue("hello");
  dialogue.connection.handle_exceptional();
  EXPECT_EQ(dialogue.connection.deadline(), Time::max());
}

TEST(ClientConnectionDeadline, IsNoneWithoutATimeout) {
  Dialogue dialogue("hello", Duration{0});
  EXPECT_EQ(dialogue.connection.deadline(), Time::max());
  dialogue.finish_and_half_close();
  EXPECT_EQ(dialogue.connection.deadline(), Time::max());
}

TEST(ClientConnectionTimeout, TriesTheNextAddressWhileConnecting) {
  const test::SilentPort silent;
  const Stub stub;
  const std::vector<Endpoint> servers{silent.endpoint(), stub.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  std::array<char, 100> buffer{};
  connection.handle_timeout(buffer, kStart + kTimeout / 2);
  EXPECT_EQ(connection.state(), ClientConnection::State::kConnecting);
  EXPECT_EQ(connection.deadline(), kStart + kTimeout);
  settle(connection);
  EXPECT_EQ(connection.state(), ClientConnection::State::kOpen);
  EXPECT_TRUE(stub.accept());
}

TEST(ClientConnectionTimeout, FailsAtTheLastAddress) {
  const test::SilentPort silent;
  const std::vector<Endpoint> servers{silent.endpoint()};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  std::array<char, 100> buffer{};
  connection.handle_timeout(buffer, kStart + kTimeout);
  expect_failed(connection, Failure::kConnectTimeout,
                "cannot connect to " + silent.endpoint().to_string() + ": no answer within 10s");
}

TEST(ClientConnectionTimeout, AcceptsAConnectionMadeInTime) {
  const Stub stub;
  const std::vector<Endpoint> servers{stub.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  ASSERT_TRUE(wait_writable(connection.fd()));
  std::array<char, 100> buffer{};
  connection.handle_timeout(buffer, kStart + kTimeout);
  EXPECT_EQ(connection.state(), ClientConnection::State::kOpen);
}

TEST(ClientConnectionTimeout, ReportsARefusalReceivedInTime) {
  const Refuser refuser;
  const std::vector<Endpoint> servers{refuser.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  ASSERT_TRUE(wait_writable(connection.fd()));
  std::array<char, 100> buffer{};
  connection.handle_timeout(buffer, kStart + kTimeout);
  expect_failed(connection, Failure::kConnect,
                "cannot connect to " + refuser.endpoint.to_string() + ": Connection refused");
}

TEST(ClientConnectionTimeout, AcceptsAnAnswerReceivedInTime) {
  const std::string text(100'000, 'x');
  Dialogue dialogue;
  dialogue.transcript.append_message(text, kStart);
  std::string got;
  while (got.size() < text.size()) {
    dialogue.connection.handle_writable(kStart);
    got += dialogue.server_received();
  }
  for (std::string_view rest = got; !rest.empty();) {
    rest.remove_prefix(send(dialogue.server.get(), rest).bytes);
  }
  while (unread(dialogue.connection.fd()) < text.size()) std::this_thread::yield();
  dialogue.connection.handle_timeout(dialogue.buffer, kStart + 1h);
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kOpen);
  EXPECT_EQ(dialogue.connection.received(), text.size());
}

TEST(ClientConnectionTimeout, AcceptsAnEofReceivedInTime) {
  Dialogue dialogue("hello");
  dialogue.finish_and_half_close();
  send(dialogue.server.get(), "hello");
  shut_down_sending(dialogue.server.get());
  ASSERT_TRUE(wait_readable(dialogue.connection.fd()));
  dialogue.connection.handle_timeout(dialogue.buffer, kStart + kTimeout);
  EXPECT_EQ(dialogue.connection.state(), ClientConnection::State::kDone);
}

TEST(ClientConnectionTimeout, DetectsAMismatchReceivedInTime) {
  Dialogue dialogue("hello");
  send(dialogue.server.get(), "heLlo");
  ASSERT_TRUE(wait_readable(dialogue.connection.fd()));
  dialogue.connection.handle_timeout(dialogue.buffer, kStart + kTimeout);
  EXPECT_EQ(dialogue.connection.failure_kind(), Failure::kMismatch);
}

TEST(ClientConnectionTimeout, FailsAfterAPartialAnswer) {
  Dialogue dialogue;
  dialogue.transcript.append_message("hello", kStart);
  dialogue.connection.handle_writable(kStart);
  send(dialogue.server.get(), "hell");
  ASSERT_TRUE(wait_readable(dialogue.connection.fd()));
  dialogue.connection.handle_timeout(dialogue.buffer, kStart + kTimeout);
  expect_failed(dialogue.connection, Failure::kTimeout, "no answer within 10s, at offset 4 of 5");
}

TEST(ClientConnectionTimeout, FailsWhileWaitingForAnAnswer) {
  Dialogue dialogue("hello");
  dialogue.connection.handle_timeout(dialogue.buffer, kStart + kTimeout);
  expect_failed(dialogue.connection, Failure::kTimeout, "no answer within 10s, at offset 0 of 5");
}

TEST(ClientConnectionTimeout, FailsWhileWaitingForEof) {
  Dialogue dialogue("hello");
  dialogue.answer("hello");
  dialogue.finish_and_half_close();
  dialogue.connection.handle_timeout(dialogue.buffer, kStart + kTimeout);
  expect_failed(dialogue.connection, Failure::kTimeout, "no answer within 10s, at offset 5 of 5");
}

TEST(DescribeFailure, IncludesTheAddressOfAnOpenConnection) {
  Dialogue dialogue("hello");
  const std::string address = dialogue.connection.local().to_string();
  dialogue.connection.handle_timeout(dialogue.buffer, kStart + kTimeout);
  EXPECT_EQ(describe_failure(3, dialogue.connection),
            "connection 3 (" + address + "): no answer within 10s, at offset 0 of 5");
}

TEST(DescribeFailure, OmitsTheAddressBeforeTheConnectionOpens) {
  const Refuser refuser;
  const std::vector<Endpoint> servers{refuser.endpoint};
  const Transcript transcript;
  ClientConnection connection(list_of(servers), 0, transcript, kTimeout, kStart);
  settle(connection);
  EXPECT_EQ(
      describe_failure(1, connection),
      "connection 1: cannot connect to " + refuser.endpoint.to_string() + ": Connection refused");
}

}  // namespace
}  // namespace echo
