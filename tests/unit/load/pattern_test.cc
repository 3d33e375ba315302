#include "echo/load/pattern.h"

#include <gtest/gtest.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/parse.h"
#include "echo/base/time.h"

namespace echo {
namespace {

constexpr SizeRange kSizes{.least = 1, .most = 1'000'000};

// `length` bytes of the connection from the offset on.
std::string bytes(const Pattern& pattern, std::uint64_t connection, std::uint64_t offset,
                  std::size_t length) {
  std::string text;
  while (text.size() < length) {
    text += pattern.from(connection, offset + text.size()).substr(0, length - text.size());
  }
  return text;
}

TEST(Pattern, IsRepeatableForASeed) {
  const Pattern one(5, kSizes);
  const Pattern other(5, kSizes);
  EXPECT_EQ(bytes(one, 7, 0, 3 * Pattern::kBlock), bytes(other, 7, 0, 3 * Pattern::kBlock));
  EXPECT_EQ(one.size_of(3, 9, 0), other.size_of(3, 9, 0));
}

// Even neighbouring seeds give different bytes on all connections.
TEST(Pattern, HasDifferentBytesForEachSeed) {
  std::set<std::string> beginnings;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Pattern pattern(seed, kSizes);
    for (std::uint64_t connection = 1; connection <= 5; ++connection) {
      beginnings.insert(bytes(pattern, connection, 0, 8));
    }
  }
  EXPECT_EQ(beginnings.size(), 30U * 5);
}

TEST(Pattern, HasDifferentSizesForEachSeed) {
  EXPECT_NE(Pattern(1, kSizes).size_of(3, 9, 0), Pattern(2, kSizes).size_of(3, 9, 0));
}

TEST(Pattern, HasADifferentSeedForEachTimeAndProcess) {
  std::set<std::uint64_t> seeds;
  for (int time = 0; time < 100; ++time) {
    const WallTime now(WallTime::duration{time});
    for (pid_t process = 1; process <= 100; ++process) {
      seeds.insert(Pattern::seed_of(now, process));
    }
  }
  EXPECT_EQ(seeds.size(), 10'000U);
  EXPECT_LE(*seeds.rbegin(), Pattern::kMaxSeed);
}

TEST(Pattern, ReturnsTheSameBytesFromAnyOffset) {
  const Pattern pattern(1, kSizes);
  const std::string all = bytes(pattern, 3, 0, 3 * Pattern::kBlock);
  for (std::size_t offset = 0; offset < all.size(); offset += 997) {
    const std::string_view some = pattern.from(3, offset).substr(0, all.size() - offset);
    ASSERT_EQ(some, std::string_view(all).substr(offset, some.size())) << offset;
  }
}

TEST(Pattern, ReturnsBetweenOneByteAndABlock) {
  const Pattern pattern(1, kSizes);
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{Pattern::kBlock - 1},
        std::uint64_t{Pattern::kBlock}, UINT64_MAX}) {
    EXPECT_GE(pattern.from(1, offset).size(), 1U) << offset;
    EXPECT_LE(pattern.from(1, offset).size(), Pattern::kBlock) << offset;
  }
}

TEST(Pattern, HasDifferentBytesOnEachConnection) {
  const Pattern pattern(1, kSizes);
  std::set<std::string> beginnings;
  for (std::uint64_t connection = 0; connection < 1000; ++connection) {
    beginnings.insert(bytes(pattern, connection, 0, 64));
  }
  EXPECT_GT(beginnings.size(), 980U);  // Two may get the same of 65,536 windows.
}

TEST(Pattern, HasDifferentBytesInEachBlock) {
  const Pattern pattern(1, kSizes);
  std::set<std::string> beginnings;
  for (std::uint64_t block = 0; block < 1000; ++block) {
    beginnings.insert(bytes(pattern, 1, block * Pattern::kBlock, 64));
  }
  EXPECT_GT(beginnings.size(), 980U);
}

// An echo that loses or repeats bytes is shifted by their number.
TEST(Pattern, DiffersFromItsShiftedCopy) {
  const Pattern pattern(1, kSizes);
  const std::string all = bytes(pattern, 1, 0, 4 * Pattern::kBlock);
  const std::string_view view = all;
  for (std::size_t distance = 1; distance < 2 * Pattern::kBlock; distance += 61) {
    ASSERT_NE(view.substr(0, 256), view.substr(distance, 256)) << distance;
  }
  for (std::size_t offset = 0; offset + 256 < all.size(); offset += 61) {
    ASSERT_NE(view.substr(offset, 200), view.substr(offset + 1, 200)) << offset;
  }
}

TEST(Pattern, UsesAllByteValuesEvenly) {
  const Pattern pattern(1, kSizes);
  std::array<std::size_t, 256> counts{};
  for (const char byte : bytes(pattern, 1, 0, 16 * Pattern::kBlock)) {
    ++counts.at(static_cast<unsigned char>(byte));
  }
  for (const std::size_t count : counts) {
    EXPECT_GT(count, 3000U);  // 4,096 on average.
    EXPECT_LT(count, 5200U);
  }
}

TEST(Pattern, ReturnsTheOnlySizeOfARange) {
  EXPECT_EQ(Pattern(1, {.least = 64, .most = 64}).size_of(1, 1, 0), 64U);
}

TEST(Pattern, SpreadsSizesEvenly) {
  std::map<std::size_t, std::size_t> counts;
  const Pattern pattern(1, {.least = 10, .most = 15});
  for (std::uint64_t index = 0; index < 6000; ++index) {
    ++counts[pattern.size_of(1, index, 0)];
  }
  ASSERT_EQ(counts.size(), 6U);
  EXPECT_EQ(counts.begin()->first, 10U);
  EXPECT_EQ(counts.rbegin()->first, 15U);
  for (const auto& [size, count] : counts) {
    EXPECT_GT(count, 800U) << size;
    EXPECT_LT(count, 1200U) << size;
  }
}

TEST(Pattern, ReturnsTheSameSizeForAMessage) {
  const Pattern pattern(1, kSizes);
  EXPECT_EQ(pattern.size_of(3, 9, 0), pattern.size_of(3, 9, 0));
  EXPECT_NE(pattern.size_of(3, 9, 0), pattern.size_of(3, 10, 0));
  EXPECT_NE(pattern.size_of(3, 9, 0), pattern.size_of(4, 9, 0));
}

// The next `count` messages of the connection.
std::vector<std::string> messages(const Pattern& pattern, std::uint64_t connection, int count) {
  std::vector<std::string> sent;
  std::uint64_t offset = 0;
  for (int index = 0; index < count; ++index) {
    const std::size_t size = pattern.size_of(connection, static_cast<std::uint64_t>(index), offset);
    sent.push_back(bytes(pattern, connection, offset, size));
    offset += size;
  }
  return sent;
}

TEST(PatternOfLines, HasOnePrintableLinePerMessage) {
  const Pattern pattern = Pattern::of_lines(1, {.least = 1, .most = 200});
  for (const std::string& line : messages(pattern, 1, 5'000)) {
    ASSERT_EQ(line.find('\n'), line.size() - 1);
    ASSERT_TRUE(std::all_of(line.begin(), line.end() - 1, [](unsigned char c) {
      return c >= ' ' && c <= '~';
    })) << line;
  }
}

TEST(PatternOfLines, SpreadsSizesEvenly) {
  std::map<std::size_t, std::size_t> counts;
  for (const std::string& line :
       messages(Pattern::of_lines(1, {.least = 10, .most = 15}), 1, 6000)) {
    ++counts[line.size()];
  }
  ASSERT_EQ(counts.size(), 6U);
  EXPECT_EQ(counts.begin()->first, 10U);
  for (const auto& [size, count] : counts) {
    EXPECT_GT(count, 800U) << size;
    EXPECT_LT(count, 1200U) << size;
  }
}

TEST(PatternOfLines, AcceptsLinesOfTheMaximumSize) {
  const Pattern pattern =
      Pattern::of_lines(1, {.least = Pattern::kMaxLine, .most = Pattern::kMaxLine});
  for (const std::string& line : messages(pattern, 1, 40)) {
    EXPECT_EQ(line.size(), Pattern::kMaxLine);
  }
}

TEST(PatternOfLines, DiffersBetweenSeedsAndConnections) {
  std::set<std::string> beginnings;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Pattern pattern = Pattern::of_lines(seed, {.least = 64, .most = 64});
    for (std::uint64_t connection = 1; connection <= 10; ++connection) {
      beginnings.insert(messages(pattern, connection, 1).front());
    }
  }
  EXPECT_EQ(beginnings.size(), 100U);
}

TEST(PatternOfData, SendsTheDataInEachMessageOfEachConnection) {
  const std::string large(3 * Pattern::kBlock + 1, 'x');
  for (const std::string& data : {std::string("x"), std::string("PING\r\n"), large}) {
    const Pattern pattern = Pattern::of_data(data);
    for (const std::uint64_t connection : {1U, 2U}) {
      for (const std::string& message : messages(pattern, connection, 30)) {
        EXPECT_EQ(message, data);
      }
    }
  }
}

TEST(PatternOfData, HasManyShortMessagesInOneBlock) {
  EXPECT_GE(Pattern::of_data("x").from(1, 0).size(), Pattern::kBlock);
}

}  // namespace
}  // namespace echo
