#include "echo/client/attention.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "support/start.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using test::kStart;

TEST(Attention, IgnoresAWaitOfTheRequestedLength) {
  Attention attention(kStart);
  attention.wait_begins(kStart, 10s);
  attention.wait_ended(kStart + 10s);
  EXPECT_EQ(attention.away(), 0s);
}

TEST(Attention, CountsTheExcessOfALongWait) {
  Attention attention(kStart);
  attention.wait_begins(kStart, 1s);
  attention.wait_ended(kStart + 4s);
  EXPECT_EQ(attention.away(), 3s);
}

TEST(Attention, IgnoresAWaitWithoutATimeout) {
  Attention attention(kStart);
  attention.wait_begins(kStart, std::nullopt);
  attention.wait_ended(kStart + 4s);
  EXPECT_EQ(attention.away(), 0s);
}

TEST(Attention, CountsAStopBetweenTwoWaits) {
  Attention attention(kStart);
  attention.wait_begins(kStart, 0s);
  attention.wait_ended(kStart);
  attention.wait_begins(kStart + 5s, 0s);
  EXPECT_EQ(attention.away(), 5s);
}

TEST(Attention, CountsAStopAtTheEndOfATurn) {
  Attention attention(kStart);
  attention.wait_begins(kStart, 0s);
  attention.wait_ended(kStart);
  attention.turn_ends(kStart + 5s);
  attention.turn_begins(kStart + 6s);
  attention.wait_begins(kStart + 6s, 0s);
  EXPECT_EQ(attention.away(), 5s);
}

TEST(Attention, IgnoresTheWorkOfATurn) {
  Attention attention(kStart);
  attention.wait_begins(kStart, 0s);
  attention.wait_ended(kStart);
  attention.wait_begins(kStart + Attention::kShort, 0s);
  EXPECT_EQ(attention.away(), 0s);
}

TEST(Attention, IgnoresTheTimeBetweenTurns) {
  Attention attention(kStart);
  attention.turn_begins(kStart + 5s);
  attention.wait_begins(kStart + 5s, 0s);
  EXPECT_EQ(attention.away(), 0s);
}

}  // namespace
}  // namespace echo
