#include "echo/base/escape.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace echo {
namespace {

TEST(Hex, HasTwoDigits) {
  EXPECT_EQ(hex('\0'), "00");
  EXPECT_EQ(hex('\x1b'), "1b");
  EXPECT_EQ(hex('\xff'), "ff");
}

TEST(Escape, LeavesPlainTextUnchanged) {
  EXPECT_EQ(escape("This is the message. "), "This is the message. ");
  EXPECT_EQ(escape(""), "");
}

TEST(Escape, EscapesQuotesAndBackslashes) { EXPECT_EQ(escape(R"(a"b\c)"), R"(a\"b\\c)"); }

TEST(Escape, UsesShortEscapesForCommonControls) { EXPECT_EQ(escape("\n\r\t"), R"(\n\r\t)"); }

TEST(Escape, EscapesOtherBytesInHexadecimal) {
  EXPECT_EQ(escape(std::string_view("\0\x1b\x7f\x80\xff", 5)), R"(\x00\x1b\x7f\x80\xff)");
}

TEST(Escape, ProducesOnlyPrintableAscii) {
  for (int value = 0; value < 256; ++value) {
    const std::string text = escape(std::string(1, static_cast<char>(value)));
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }))
        << value;
  }
}

TEST(Escape, EscapesEachByteValueDifferently) {
  std::set<std::string> texts;
  for (int value = 0; value < 256; ++value) {
    texts.insert(escape(std::string(1, static_cast<char>(value))));
  }
  EXPECT_EQ(texts.size(), 256U);
}

TEST(EscapeControls, EscapesEveryControlCharacter) {
  for (int value = 0; value < 128; ++value) {
    const std::string text(1, static_cast<char>(value));
    const bool is_control = value < ' ' || value == 0x7f;
    EXPECT_EQ(escape_controls(text), is_control ? "\\x" + hex(text[0]) : text);
  }
}

TEST(EscapeControls, LeavesOtherAlphabetsUnchanged) {
  EXPECT_EQ(escape_controls("Bücher \"日本\" \\"), "Bücher \"日本\" \\");
}

TEST(EscapeUnprintable, EscapesAllExceptPrintableAscii) {
  for (int value = 0; value < 256; ++value) {
    const std::string text(1, static_cast<char>(value));
    const bool is_printable = value >= ' ' && value <= '~';
    EXPECT_EQ(escape_unprintable(text), is_printable ? text : "\\x" + hex(text[0]));
  }
}

TEST(QuoteForShell, LeavesPlainWordsUnchanged) {
  EXPECT_EQ(quote_for_shell("--size=64-64K"), "--size=64-64K");
  EXPECT_EQ(quote_for_shell("build/echo_client"), "build/echo_client");
}

TEST(QuoteForShell, QuotesWhatAShellWouldExpand) {
  for (const std::string word :
       {"", " ", "*", "~", "$HOME", "a;b", "#", "\"", "\\", "!", "[::1]"}) {
    EXPECT_EQ(quote_for_shell(word), "'" + word + "'");
  }
  EXPECT_EQ(quote_for_shell("it's"), R"('it'\''s')");
}

TEST(QuoteForShell, EscapesUnprintableBytes) {
  EXPECT_EQ(quote_for_shell("it's\n\x1b\\\xff"), R"($'it\'s\012\033\134\377')");
}

}  // namespace
}  // namespace echo
