#include "echo/client/transcript.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace echo {
namespace {

TEST(Transcript, StartsEmptyAndUnfinished) {
  const Transcript transcript;
  EXPECT_EQ(transcript.end(), 0U);
  EXPECT_EQ(transcript.from(0), "");
  EXPECT_FALSE(transcript.finished());
}

TEST(Transcript, AppendsAtTheEnd) {
  Transcript transcript;
  transcript.append("one, ");
  transcript.append("two");
  EXPECT_EQ(transcript.end(), 8U);
  EXPECT_EQ(transcript.from(0), "one, two");
}

TEST(Transcript, ReturnsTheBytesFromAnOffset) {
  Transcript transcript;
  transcript.append("0123456789");
  EXPECT_EQ(transcript.from(4), "456789");
}

TEST(Transcript, ReturnsNothingFromTheEnd) {
  Transcript transcript;
  transcript.append("0123456789");
  EXPECT_EQ(transcript.from(10), "");
}

TEST(Transcript, KeepsArbitraryBytes) {
  const std::string bytes("\0\xff\n\0", 4);
  Transcript transcript;
  transcript.append(bytes);
  EXPECT_EQ(transcript.from(0), bytes);
}

TEST(Transcript, IsFinishedAfterFinish) {
  Transcript transcript;
  transcript.append("x");
  EXPECT_FALSE(transcript.finished());
  transcript.finish();
  EXPECT_TRUE(transcript.finished());
}

TEST(Transcript, KeepsOffsetsAfterForgetting) {
  Transcript transcript;
  transcript.append("0123456789");
  transcript.forget_before(7);
  EXPECT_EQ(transcript.end(), 10U);
  EXPECT_EQ(transcript.from(7), "789");
}

TEST(Transcript, ForgetsEverything) {
  Transcript transcript;
  transcript.append("0123456789");
  transcript.forget_before(10);
  EXPECT_EQ(transcript.end(), 10U);
  EXPECT_EQ(transcript.from(10), "");
}

TEST(Transcript, ForgetsTheSameBytesTwice) {
  Transcript transcript;
  transcript.append("0123456789");
  transcript.forget_before(6);
  transcript.forget_before(6);
  EXPECT_EQ(transcript.from(6), "6789");
}

TEST(Transcript, ForgetsNothingIfEmpty) {
  Transcript transcript;
  transcript.forget_before(0);
  EXPECT_EQ(transcript.end(), 0U);
}

TEST(Transcript, AppendsAfterForgetting) {
  Transcript transcript;
  transcript.append("0123");
  transcript.forget_before(3);
  transcript.append("4567");
  EXPECT_EQ(transcript.end(), 8U);
  EXPECT_EQ(transcript.from(3), "34567");
  EXPECT_EQ(transcript.from(5), "567");
}

TEST(Transcript, MatchesAStringWhileForgetting) {
  Transcript transcript;
  std::string model;
  for (std::size_t step = 0; step < 300; ++step) {
    const std::string bytes(step % 4, static_cast<char>(step));
    transcript.append(bytes);
    model += bytes;
    const std::size_t offset = step < model.size() ? step : model.size();
    transcript.forget_before(offset);
    ASSERT_EQ(transcript.end(), model.size());
    ASSERT_EQ(transcript.from(offset), model.substr(offset));
  }
}

}  // namespace
}  // namespace echo
