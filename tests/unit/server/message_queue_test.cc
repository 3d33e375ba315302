#include "echo/server/message_queue.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "echo/os/socket.h"
#include "echo/server/block_pool.h"
#include "support/failing_allocations.h"
#include "support/fed_queue.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using test::FedQueue;
using test::make_socket_pair;
using test::SocketPair;

constexpr std::size_t kBlock = MessageQueue::kBlockBytes;

void set_send_buffer(int fd, int bytes) {
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

// A socket with a small send buffer, which causes short writes: it takes only a few blocks.
SocketPair make_narrow_pair() {
  SocketPair pair = make_socket_pair();
  set_send_buffer(pair.ours.get(), 2 * kBlock);
  return pair;
}

// A socket that takes a long message in one call.
SocketPair make_wide_pair() {
  SocketPair pair = make_socket_pair();
  set_send_buffer(pair.ours.get(), 1 << 20);
  return pair;
}

std::string receive_all(int fd) {
  std::string text;
  std::array<char, 4096> buffer;  // NOLINT(*-member-init): written before it is read
  for (;;) {
    const Moved received = receive(fd, buffer);
    if (received.bytes == 0) return text;
    text.append(buffer.data(), received.bytes);
  }
}

constexpr std::size_t kLong = 100000;

// Returns a piece of one long text. `seed` selects its beginning; neighbouring bytes differ.
std::string pattern(std::size_t length, std::size_t seed = 0) {
  constexpr std::size_t kPeriod = 251;
  static const std::string kText = [] {
    std::string text(kLong + kPeriod, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 % kPeriod);
    return text;
  }();
  return kText.substr(seed % kPeriod, length);
}

// Flushes the queue until it is empty; the peer reads after each flush. Returns the bytes read.
std::string send_through(FedQueue& queue, const SocketPair& pair) {
  std::string text;
  while (!queue.empty()) {
    const Moved sent = queue.flush(pair.ours.get());
    EXPECT_EQ(sent.error, 0);
    if (sent.error != 0) break;
    text += receive_all(pair.theirs.get());
  }
  return text;
}

// Long texts are compared with EXPECT_TRUE so that a failure does not print them.

// Returns the first pending bytes, at most `size`.
std::string head(const FedQueue& queue, std::size_t size) {
  std::string buffer(size, '.');
  return std::string(queue.copy(0, buffer));
}

void expect_pending(const FedQueue& queue, const std::string& pending) {
  ASSERT_EQ(queue.bytes(), pending.size());
  ASSERT_EQ(queue.empty(), pending.empty());
  ASSERT_TRUE(head(queue, pending.size() + 1) == pending);
}

TEST(MessageQueue, StartsEmpty) { expect_pending(FedQueue(), ""); }

TEST(MessageQueue, StoresPushedBytes) {
  FedQueue queue;
  queue.push("This is ");
  queue.push(pattern(10000));
  queue.push("the end");
  expect_pending(queue, "This is " + pattern(10000) + "the end");
}

TEST(MessageQueue, IgnoresAnEmptyMessage) {
  FedQueue queue;
  queue.push("");
  expect_pending(queue, "");
}

TEST(MessageQueue, CopiesPushedMessages) {
  std::string message = "before";
  FedQueue queue;
  queue.push(message);
  message = "after!";
  expect_pending(queue, "before");
}

TEST(MessageQueue, PreservesAllByteValues) {
  const std::string all = pattern(251) + std::string("\0\xff\0", 3);
  FedQueue queue;
  queue.push(all);
  EXPECT_TRUE(send_through(queue, make_socket_pair()) == all);
}

TEST(MessageQueue, SendsInPushOrder) {
  FedQueue queue;
  std::string pushed;
  const std::vector<std::size_t> lengths{5, 2 * kBlock + 900, 1, kBlock, kBlock - 1,
                                         1, kBlock + 1,       2};
  for (const std::size_t length : lengths) {
    const std::string message = pattern(length, pushed.size());
    queue.push(message);
    pushed += message;
  }
  EXPECT_TRUE(send_through(queue, make_socket_pair()) == pushed);
  expect_pending(queue, "");
}

TEST(MessageQueue, ReturnsTheNumberOfSentBytes) {
  const SocketPair pair = make_socket_pair();
  FedQueue queue;
  queue.push("hello");
  const Moved sent = queue.flush(pair.ours.get());
  EXPECT_EQ(sent.bytes, 5U);
  EXPECT_EQ(sent.error, 0);
}

// Without joining, one call could not send them all.
TEST(MessageQueue, JoinsSmallMessages) {
  const SocketPair pair = make_socket_pair();
  FedQueue queue;
  for (std::size_t i = 0; i < 10 * MessageQueue::kMaxParts; ++i) queue.push("x");
  EXPECT_EQ(queue.flush(pair.ours.get()).bytes, 10 * MessageQueue::kMaxParts);
}

// One call sends kMaxParts blocks, so its byte count shows whether they are full.
TEST(MessageQueue, FillsEachBlockBeforeTheNext) {
  const SocketPair pair = make_wide_pair();
  constexpr std::size_t kFull = MessageQueue::kMaxParts * kBlock;
  const std::vector<std::size_t> lengths{1, 7, kBlock / 2 + 1, kBlock - 1, kBlock, 3 * kBlock + 5};
  for (const std::size_t length : lengths) {
    FedQueue queue;
    while (queue.bytes() <= kFull) queue.push(pattern(length));
    EXPECT_EQ(queue.flush(pair.ours.get()).bytes, kFull) << length;
    receive_all(pair.theirs.get());
  }
}

TEST(MessageQueue, SendsTheRestInTheNextCall) {
  const SocketPair pair = make_wide_pair();
  FedQueue queue;
  std::string pushed;
  for (std::size_t i = 0; i < 2 * MessageQueue::kMaxParts + 1; ++i) {
    const std::string message = pattern(kBlock, i);
    queue.push(message);
    pushed += message;
  }
  EXPECT_TRUE(send_through(queue, pair) == pushed);
}

TEST(MessageQueue, LosesNoByteOnAShortWrite) {
  const SocketPair pair = make_narrow_pair();
  const std::string message = pattern(kLong);
  FedQueue queue;
  queue.push(message);
  const std::size_t sent = queue.flush(pair.ours.get()).bytes;
  ASSERT_GT(sent, 0U);
  ASSERT_LT(sent, message.size());
  expect_pending(queue, message.substr(sent));
  EXPECT_TRUE(receive_all(pair.theirs.get()) == message.substr(0, sent));
  EXPECT_TRUE(send_through(queue, pair) == message.substr(sent));
}

TEST(MessageQueue, KeepsTheRestOfAPartlySentBlock) {
  const std::string message = pattern(5 * kBlock);
  std::set<std::size_t> cuts;
  constexpr std::size_t kStep = 13;
  for (std::size_t size = kBlock; size <= 2 * kBlock; size += kStep) {
    const SocketPair pair = make_socket_pair();
    set_send_buffer(pair.ours.get(), static_cast<int>(size));
    // The kernel divides the room in two. If the first half is occupied, one more byte of the
    // buffer takes one more byte of the message.
    const std::size_t half = send(pair.ours.get(), pattern(kLong)).bytes / 2;
    receive_all(pair.theirs.get());
    send(pair.ours.get(), pattern(half));
    FedQueue queue;
    queue.push(message);
    const std::size_t sent = queue.flush(pair.ours.get()).bytes;
    cuts.insert(sent % kBlock);
    ASSERT_NO_FATAL_FAILURE(expect_pending(queue, message.substr(sent)));
    std::string received = receive_all(pair.theirs.get()).substr(half);
    received += send_through(queue, pair);
    ASSERT_TRUE(received == message) << size;
  }
  EXPECT_GT(cuts.size(), kBlock / kStep / 2);
}

// Compares the queue with a plain string forevery sequence of pushes, short writes and full
// sockets.
TEST(MessageQueue, MatchesAStringInEverySequence) {
  enum Step : std::size_t { kPushByte, kPushMost, kPushLong, kFlush, kFlushAndRead, kSteps };
  constexpr std::size_t kLength = 5;
  std::size_t schedules = 1;
  for (std::size_t i = 0; i < kLength; ++i) schedules *= kSteps;

  for (std::size_t schedule = 0; schedule < schedules; ++schedule) {
    SCOPED_TRACE(schedule);
    const SocketPair pair = make_narrow_pair();
    FedQueue queue;
    std::string pushed;
    std::string received;
    std::size_t sent = 0;
    const auto push = [&](std::size_t length) {
      const std::string message = pattern(length, pushed.size());
      queue.push(message);
      pushed += message;
    };
    for (std::size_t rest = schedule, i = 0; i < kLength; ++i, rest /= kSteps) {
      const std::size_t step = rest % kSteps;
      if (step == kPushByte) push(1);
      if (step == kPushMost) push(kBlock - 1);
      if (step == kPushLong) push(kBlock + 2000);
      if (step >= kFlush && !queue.empty()) sent += queue.flush(pair.ours.get()).bytes;
      if (step == kFlushAndRead) received += receive_all(pair.theirs.get());
      ASSERT_NO_FATAL_FAILURE(expect_pending(queue, pushed.substr(sent)));
    }
    received += receive_all(pair.theirs.get());
    received += send_through(queue, pair);
    ASSERT_TRUE(received == pushed);
  }
}

TEST(MessageQueue, CopiesTheRequestedLength) {
  constexpr std::size_t kLength = kBlock + 1000;
  FedQueue queue;
  queue.push(pattern(kLength));
  queue.push(pattern(kLength, 7));
  EXPECT_EQ(head(queue, 0), "");
  EXPECT_EQ(head(queue, 1), pattern(1));
  EXPECT_EQ(head(queue, kLength), pattern(kLength));
  EXPECT_EQ(head(queue, kLength + 1), pattern(kLength) + pattern(1, 7));
}

TEST(MessageQueue, CopiesFromTheFirstPendingByte) {
  const SocketPair pair = make_narrow_pair();
  const std::string message = pattern(kLong);
  FedQueue queue;
  queue.push(message);
  const std::size_t sent = queue.flush(pair.ours.get()).bytes;
  EXPECT_EQ(head(queue, 64), message.substr(sent, 64));
}

// This way a connection with little traffic needs little memory, and one with much traffic needs
// few calls.
TEST(MessageQueue, AdaptsItsRoomToRecentInput) {
  const SocketPair pair = make_wide_pair();
  BlockPool pool;
  MessageQueue queue;
  const auto receive_some = [&](std::size_t available) {
    receive_all(pair.theirs.get());
    send(pair.ours.get(), std::string(available, 'x'));
    const std::size_t received = queue.receive(pair.theirs.get(), 2 * available, pool).bytes;
    while (!queue.empty()) {
      queue.flush(pair.theirs.get(), pool);
      receive_all(pair.ours.get());
    }
    return received;
  };
  constexpr std::size_t kMost = MessageQueue::kMaxRoom;
  constexpr std::size_t kMuch = kMost + 1;
  for (std::size_t room = kBlock; room <= kMost; room *= 2) EXPECT_EQ(receive_some(kMuch), room);
  EXPECT_EQ(receive_some(kMuch), kMost);
  // The room stays if more than a quarter of it is used.
  for (int i = 0; i < 3; ++i) receive_some(kMost / 4 + 1);
  EXPECT_EQ(receive_some(kMuch), kMost);
  receive_some(kMost / 4);
  EXPECT_EQ(receive_some(kMuch), kMost / 2);
  for (std::size_t room = kMost; room > kBlock; room /= 2) receive_some(1);
  EXPECT_EQ(receive_some(kMuch), kBlock);
}

TEST(MessageQueue, AppendsAfterPendingBytes) {
  const SocketPair pair = make_wide_pair();
  BlockPool pool;
  MessageQueue queue;
  queue.push(pattern(100), pool);
  for (std::size_t received = 100; received < kLong;) {
    send(pair.theirs.get(), pattern(kLong).substr(received));
    while (const std::size_t bytes = queue.receive(pair.ours.get(), kLong, pool).bytes) {
      received += bytes;
    }
    ASSERT_EQ(queue.bytes(), received);
  }
  std::string copied(kLong, '.');
  EXPECT_TRUE(queue.copy(0, copied) == pattern(kLong));
}

TEST(MessageQueue, IsUnchangedWhenOutOfMemory) {
  const SocketPair pair = make_socket_pair();
  send(pair.theirs.get(), "here");
  BlockPool pool;
  MessageQueue queue;
  {
    const test::FailingAllocations failing(0);
    EXPECT_THROW(queue.receive(pair.ours.get(), 100, pool), std::bad_alloc);
    EXPECT_THROW(queue.push("text", pool), std::bad_alloc);
  }
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.receive(pair.ours.get(), 100, pool).bytes, 4U);
}

// Otherwise idle connections would keep blocks that active connections need.
TEST(MessageQueue, ReturnsUnusedBlocksToThePool) {
  const SocketPair pair = make_wide_pair();
  BlockPool pool;
  pool.set_capacity(1);
  std::vector<MessageQueue> queues(100);
  for (MessageQueue& queue : queues) {
    send(pair.theirs.get(), pattern(2 * kBlock));
    while (queue.receive(pair.ours.get(), kLong, pool).bytes > 0) {
    }
    while (!queue.empty()) queue.flush(pair.ours.get(), pool);
    receive_all(pair.theirs.get());
  }
  const test::FailingAllocations failing(0);
  for (MessageQueue& queue : queues) {
    EXPECT_TRUE(queue.receive(pair.ours.get(), kLong, pool).would_block());
  }
  EXPECT_FALSE(failing.any_failed());
}

TEST(MessageQueue, ReceivesNoMoreThanTheLimit) {
  const SocketPair pair = make_socket_pair();
  send(pair.theirs.get(), "1234567890");
  BlockPool pool;
  MessageQueue queue;
  EXPECT_EQ(queue.receive(pair.ours.get(), 3, pool).bytes, 3U);
  EXPECT_EQ(queue.receive(pair.ours.get(), 4, pool).bytes, 4U);
  EXPECT_EQ(queue.bytes(), 7U);
}

TEST(MessageQueue, IsUnchangedWithoutInput) {
  const SocketPair pair = make_socket_pair();
  BlockPool pool;
  MessageQueue queue;
  EXPECT_TRUE(queue.receive(pair.ours.get(), 100, pool).would_block());
  EXPECT_TRUE(queue.empty());
}

// A deque allocates memory once per several blocks, fewer than 0.1 times per message.
TEST(MessageQueue, AllocatesNoMemoryPerMessage) {
  constexpr int kMessages = 1000;
  const SocketPair pair = make_socket_pair();
  BlockPool pool;
  pool.set_capacity(1);
  MessageQueue queue;
  const auto echo = [&] {
    send(pair.theirs.get(), "message");
    queue.receive(pair.ours.get(), 100, pool);
    queue.flush(pair.ours.get(), pool);
    std::array<char, 100> buffer;  // NOLINT(*-member-init): never read
    return receive(pair.theirs.get(), buffer).bytes;
  };
  ASSERT_EQ(echo(), 7U);
  const test::FailingAllocations failing(kMessages / 10);
  for (int i = 0; i < kMessages; ++i) ASSERT_EQ(echo(), 7U);
  EXPECT_FALSE(failing.any_failed());
}

TEST(MessageQueue, IsUnchangedOnAFullSocket) {
  const SocketPair pair = make_socket_pair();
  test::fill(pair.ours.get());
  FedQueue queue;
  queue.push("still pending");
  const Moved sent = queue.flush(pair.ours.get());
  EXPECT_EQ(sent.bytes, 0U);
  EXPECT_TRUE(sent.would_block());
  expect_pending(queue, "still pending");
}

TEST(MessageQueue, IsUnchangedIfThePeerIsGone) {
  SocketPair pair = make_socket_pair();
  pair.theirs.reset();
  FedQueue queue;
  queue.push("still pending");
  const Moved sent = queue.flush(pair.ours.get());
  EXPECT_EQ(sent.bytes, 0U);
  EXPECT_EQ(sent.error, EPIPE);
  expect_pending(queue, "still pending");
}

TEST(MessageQueue, SendsBytesThatItDidNotReceive) {
  const SocketPair pair = make_wide_pair();
  BlockPool pool;
  pool.set_capacity(1);
  MessageQueue queue;
  queue.push("", pool);
  EXPECT_TRUE(queue.empty());
  queue.push(pattern(10), pool);
  queue.push(pattern(kLong - 10, 10), pool);
  EXPECT_EQ(queue.bytes(), kLong);
  std::string sent;
  while (!queue.empty()) {
    ASSERT_GT(queue.flush(pair.ours.get(), pool).bytes, 0U);
    sent += receive_all(pair.theirs.get());
  }
  EXPECT_TRUE(sent == pattern(kLong));
}

}  // namespace
}  // namespace echo
