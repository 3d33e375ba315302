#include "echo/base/utf8.h"

#include <gtest/gtest.h>

#include <string_view>

namespace echo {
namespace {

TEST(ValidUtf8, LeavesCharactersOfEveryLength) {
  for (const std::string_view text : {"", "a\n\x7f", "\u0080\u07FF", "\u0800\uD7FF\uE000\uFFFD",
                                      "\U00010000\U0010FFFF", "Bücher 日本"}) {
    EXPECT_EQ(valid_utf8(text), text);
  }
}

TEST(ValidUtf8, ReplacesEachByteThatBelongsToNoCharacter) {
  EXPECT_EQ(valid_utf8("a\x80z"), "a\uFFFDz");  // A continuation alone.
  EXPECT_EQ(valid_utf8("a\xC3"), "a\uFFFD");    // Cut off.
  EXPECT_EQ(valid_utf8("\xC3(\xE2\x82"), "\uFFFD(\uFFFD\uFFFD");
  EXPECT_EQ(valid_utf8("\xF8\xFF"), "\uFFFD\uFFFD");  // Never a first byte.
  EXPECT_EQ(valid_utf8("\xC0\xAF"), "\uFFFD\uFFFD");  // Longer than need be.
  EXPECT_EQ(valid_utf8("\xE0\x9F\xBF"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");            // A surrogate.
  EXPECT_EQ(valid_utf8("\xEF\xBF\xBF"), "\uFFFD\uFFFD\uFFFD");            // U+FFFF.
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // Beyond U+10FFFF.
}

TEST(ColumnsOf, CountsCharacters) {
  EXPECT_EQ(columns_of(""), 0U);
  EXPECT_EQ(columns_of("a\u00FC\u65E5\U0001F600"), 4U);
}

TEST(Shorten, LeavesWhatFits) {
  EXPECT_EQ(shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten("\u00FC\u00FC\u00FC", 3), "\u00FC\u00FC\u00FC");
}

TEST(Shorten, EndsWhatDoesNotFitInDots) {
  EXPECT_EQ(shorten("abcdefg", 6), "abc...");
  EXPECT_EQ(shorten("abcd", 3), "...");
}

TEST(Shorten, CutsNoCharacterInTwo) {
  EXPECT_EQ(shorten("\u00FC\u00FC\u00FC\u00FC\u00FC", 4), "\u00FC...");
}

TEST(Align, FillsWithSpacesOnOneSide) {
  EXPECT_EQ(align_left("ab", 4), "ab  ");
  EXPECT_EQ(align_right("ab", 4), "  ab");
  EXPECT_EQ(align_right("\u00FC", 2), " \u00FC");
}

TEST(Align, LeavesWhatIsWider) {
  EXPECT_EQ(align_left("abc", 2), "abc");
  EXPECT_EQ(align_right("abc", 2), "abc");
}

}  // namespace
}  // namespace echo
