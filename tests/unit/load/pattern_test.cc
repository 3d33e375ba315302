#include "echo/load/pattern.h"

#include <gtest/gtest.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "echo/base/parse.h"
#include "echo/base/time.h"

namespace echo {
namespace {

// `length` bytes of the connection from the offset on.
std::string bytes(const Pattern& pattern, std::uint64_t connection, std::uint64_t offset,
                  std::size_t length) {
  std::string text;
  while (text.size() < length) text += pattern.from(connection, offset + text.size());
  return text.substr(0, length);
}

TEST(Pattern, IsRepeatableForASeed) {
  const Pattern one(5);
  const Pattern other(5);
  EXPECT_EQ(bytes(one, 7, 0, 3 * Pattern::kBlock), bytes(other, 7, 0, 3 * Pattern::kBlock));
  const SizeRange range{.least = 1, .most = 1'000'000};
  EXPECT_EQ(one.size_of(range, 3, 9), other.size_of(range, 3, 9));
}

// Even neighbouring seeds give different bytes on all connections.
TEST(Pattern, HasDifferentBytesForEachSeed) {
  std::set<std::string> beginnings;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Pattern pattern(seed);
    for (std::uint64_t connection = 1; connection <= 5; ++connection) {
      beginnings.insert(bytes(pattern, connection, 0, 8));
    }
  }
  EXPECT_EQ(beginnings.size(), 30U * 5);
}

TEST(Pattern, HasDifferentSizesForEachSeed) {
  const SizeRange range{.least = 1, .most = 1'000'000};
  EXPECT_NE(Pattern(1).size_of(range, 3, 9), Pattern(2).size_of(range, 3, 9));
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
  const Pattern pattern(1);
  const std::string all = bytes(pattern, 3, 0, 3 * Pattern::kBlock);
  for (std::size_t offset = 0; offset < all.size(); offset += 997) {
    const std::string_view some = pattern.from(3, offset).substr(0, all.size() - offset);
    ASSERT_EQ(some, std::string_view(all).substr(offset, some.size())) << offset;
  }
}

TEST(Pattern, ReturnsBetweenOneByteAndABlock) {
  const Pattern pattern(1);
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{Pattern::kBlock - 1},
        std::uint64_t{Pattern::kBlock}, UINT64_MAX}) {
    EXPECT_GE(pattern.from(1, offset).size(), 1U) << offset;
    EXPECT_LE(pattern.from(1, offset).size(), Pattern::kBlock) << offset;
  }
}

TEST(Pattern, HasDifferentBytesOnEachConnection) {
  const Pattern pattern(1);
  std::set<std::string> beginnings;
  for (std::uint64_t connection = 0; connection < 1000; ++connection) {
    beginnings.insert(bytes(pattern, connection, 0, 64));
  }
  EXPECT_GT(beginnings.size(), 980U);  // Two may get the same of 65,536 windows.
}

TEST(Pattern, HasDifferentBytesInEachBlock) {
  const Pattern pattern(1);
  std::set<std::string> beginnings;
  for (std::uint64_t block = 0; block < 1000; ++block) {
    beginnings.insert(bytes(pattern, 1, block * Pattern::kBlock, 64));
  }
  EXPECT_GT(beginnings.size(), 980U);
}

// An echo that loses or repeats bytes is shifted by their number.
TEST(Pattern, DiffersFromItsShiftedCopy) {
  const Pattern pattern(1);
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
  const Pattern pattern(1);
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
  EXPECT_EQ(Pattern(1).size_of({.least = 64, .most = 64}, 1, 1), 64U);
}

TEST(Pattern, SpreadsSizesEvenly) {
  std::map<std::size_t, std::size_t> counts;
  const Pattern pattern(1);
  for (std::uint64_t index = 0; index < 6000; ++index) {
    ++counts[pattern.size_of({.least = 10, .most = 15}, 1, index)];
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
  const SizeRange range{.least = 1, .most = 1'000'000};
  const Pattern pattern(1);
  EXPECT_EQ(pattern.size_of(range, 3, 9), pattern.size_of(range, 3, 9));
  EXPECT_NE(pattern.size_of(range, 3, 9), pattern.size_of(range, 3, 10));
  EXPECT_NE(pattern.size_of(range, 3, 9), pattern.size_of(range, 4, 9));
}

}  // namespace
}  // namespace echo
