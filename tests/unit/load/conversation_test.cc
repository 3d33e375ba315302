#include "echo/load/conversation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/time.h"
#include "echo/load/pattern.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

class ConversationTest : public testing::Test {
 protected:
  static Time at(Duration since) { return Time{} + since; }

  const Pattern pattern_{0, {.least = 64, .most = 64}};
  Conversation conversation_{pattern_, 5, false};
};

TEST_F(ConversationTest, StartsEmpty) {
  EXPECT_EQ(conversation_.end(), 0U);
  EXPECT_EQ(conversation_.from(0), "");
  EXPECT_EQ(conversation_.in_flight().size(), 0U);
  EXPECT_FALSE(conversation_.finished());
  EXPECT_FALSE(conversation_.take_answered(0));
}

TEST_F(ConversationTest, SendsThePatternOfItsConnection) {
  conversation_.send(1, 10, at(0s), at(0s));
  EXPECT_EQ(conversation_.end(), 10U);
  EXPECT_EQ(conversation_.from(0), pattern_.from(5, 0).substr(0, 10));
  EXPECT_EQ(conversation_.from(7), pattern_.from(5, 7).substr(0, 3));
}

TEST_F(ConversationTest, SendsLongMessagesBlockByBlock) {
  const std::size_t size = 3 * Pattern::kBlock + 100;
  conversation_.send(1, size, at(0s), at(0s));
  std::string sent;
  while (sent.size() < size) {
    ASSERT_FALSE(conversation_.from(sent.size()).empty());
    sent += conversation_.from(sent.size());
  }
  EXPECT_EQ(sent.size(), size);
  EXPECT_EQ(sent.substr(3 * Pattern::kBlock), pattern_.from(5, 3 * Pattern::kBlock).substr(0, 100));
}

TEST_F(ConversationTest, ReturnsAMessageOnceFullyEchoed) {
  conversation_.send(3, 10, at(7s), at(0s));
  EXPECT_FALSE(conversation_.take_answered(9));
  const auto message = conversation_.take_answered(10);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->sequence, 3U);
  EXPECT_EQ(message->start, at(7s));
  EXPECT_EQ(message->size, 10U);
  EXPECT_FALSE(conversation_.take_answered(10));
  EXPECT_EQ(conversation_.in_flight().size(), 0U);
}

TEST_F(ConversationTest, ReturnsMessagesInSendingOrder) {
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    conversation_.send(sequence, 10, at(sequence * 1s), at(0s));
  }
  EXPECT_EQ(conversation_.take_answered(25)->sequence, 1U);
  EXPECT_EQ(conversation_.take_answered(25)->sequence, 2U);
  EXPECT_FALSE(conversation_.take_answered(25));
  EXPECT_EQ(conversation_.in_flight().size(), 1U);
  EXPECT_EQ(conversation_.in_flight()[0].sequence, 3U);
}

TEST_F(ConversationTest, TracksManyMessagesInFlight) {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  for (std::uint64_t round = 0; round < 200; ++round) {
    for (std::uint64_t more = 0; more < round % 7; ++more)
      conversation_.send(++sent, 3, at(0s), at(0s));
    for (std::uint64_t more = 0; more < round % 5 && answered < sent; ++more) {
      const auto message = conversation_.take_answered(sent * 3);
      ASSERT_TRUE(message);
      ASSERT_EQ(message->sequence, ++answered);
    }
    ASSERT_EQ(conversation_.in_flight().size(), sent - answered);
    for (std::size_t place = 0; place < conversation_.in_flight().size(); ++place) {
      ASSERT_EQ(conversation_.in_flight()[place].sequence, answered + place + 1);
    }
  }
}

TEST_F(ConversationTest, IsFinishedAfterTheLastAnswer) {
  conversation_.send(1, 10, at(0s), at(0s));
  conversation_.finish();
  EXPECT_FALSE(conversation_.finished());
  conversation_.take_answered(10);
  EXPECT_TRUE(conversation_.finished());
}

TEST_F(ConversationTest, IsFinishedImmediatelyWithHalfClose) {
  Conversation conversation(pattern_, 1, true);
  conversation.send(1, 10, at(0s), at(0s));
  EXPECT_FALSE(conversation.finished());
  conversation.finish();
  EXPECT_TRUE(conversation.finished());
}

}  // namespace
}  // namespace echo
