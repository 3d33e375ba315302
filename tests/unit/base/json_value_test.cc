#include "echo/base/json_value.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace echo {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (; times > 0; --times) all += text;
  return all;
}

std::string error_of(std::string_view text) {
  try {
    JsonValue::parse(text);
  } catch (const JsonError& error) {
    return error.what();
  }
  return "none";
}

std::string string_of(std::string_view text) {
  const JsonValue value = JsonValue::parse(text);
  return value.as<std::string>() == nullptr ? "not a string" : *value.as<std::string>();
}

JsonValue::Number number_of(std::string_view text) {
  const JsonValue value = JsonValue::parse(text);
  EXPECT_NE(value.as<JsonValue::Number>(), nullptr) << text;
  return *value.as<JsonValue::Number>();
}

TEST(JsonValue, ReadsEachType) {
  EXPECT_NE(JsonValue::parse("null").as<JsonValue::Null>(), nullptr);
  EXPECT_TRUE(*JsonValue::parse("true").as<bool>());
  EXPECT_FALSE(*JsonValue::parse("false").as<bool>());
  EXPECT_EQ(number_of("7"), 7U);
  EXPECT_EQ(string_of(R"("text")"), "text");
  EXPECT_EQ(JsonValue::parse("[1,[],{}]").as<JsonValue::Array>()->size(), 3U);
  EXPECT_EQ(JsonValue::parse(R"({"b":1,"a":2})").as<JsonValue::Object>()->size(), 2U);
}

TEST(JsonValue, HasOnlyItsOwnType) {
  const JsonValue value = JsonValue::parse("[]");
  EXPECT_EQ(value.as<JsonValue::Object>(), nullptr);
  EXPECT_EQ(value.as<std::string>(), nullptr);
  EXPECT_EQ(value.find("a"), nullptr);
}

TEST(JsonValue, FindsMembersByName) {
  const JsonValue value = JsonValue::parse(R"({"b":1,"":{"c":2},"a":3})");
  EXPECT_EQ(**value.find("a")->as<JsonValue::Number>(), 3U);
  EXPECT_EQ(**value.find("b")->as<JsonValue::Number>(), 1U);
  EXPECT_EQ(**value.find("")->find("c")->as<JsonValue::Number>(), 2U);
  EXPECT_EQ(value.find("c"), nullptr);
}

TEST(JsonValue, AllowsSpaceAroundEachToken) {
  const JsonValue value = JsonValue::parse(" \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } }\n");
  EXPECT_EQ(value.find("a")->as<JsonValue::Array>()->size(), 2U);
}

TEST(JsonValue, KeepsWholeNumbersExactly) {
  EXPECT_EQ(number_of("0"), 0U);
  EXPECT_EQ(number_of("9007199254740993"), 9'007'199'254'740'993U);
  EXPECT_EQ(number_of("18446744073709551615"), UINT64_MAX);
}

TEST(JsonValue, HasNoValueForOtherNumbers) {
  for (const std::string_view text :
       {"18446744073709551616", "-1", "-0", "1.5", "1.0", "1e3", "1E+3", "0e-1", "-1.5e+30"}) {
    EXPECT_EQ(number_of(text), std::nullopt) << text;
  }
}

TEST(JsonValue, DecodesEscapeSequences) {
  EXPECT_EQ(string_of(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(string_of(R"("\u0000\u007F")"), std::string("\0\x7f", 2));
  EXPECT_EQ(string_of(R"("\u00e9\u07ff")"), "\xc3\xa9\xdf\xbf");
  EXPECT_EQ(string_of(R"("\u20AC\uffff")"), "\xe2\x82\xac\xef\xbf\xbf");
  EXPECT_EQ(string_of(R"("\ud83d\ude00\udbff\udfff")"), "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
}

TEST(JsonValue, KeepsBytesAboveAscii) { EXPECT_EQ(string_of("\"\xc3\xa9\""), "\xc3\xa9"); }

TEST(JsonValue, RejectsEveryOtherText) {
  for (const std::string_view text : {"",
                                      " ",
                                      "x",
                                      "nul",
                                      "True",
                                      "nan",
                                      "+1",
                                      "01",
                                      "-",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e+",
                                      "-a",
                                      "\"",
                                      "\"\n\"",
                                      R"("\x1b")",
                                      R"("\)",
                                      R"("\u12)",
                                      R"("\u12g4")",
                                      R"("\ud800")",
                                      R"("\ud800\ud800")",
                                      R"("\udc00")",
                                      R"("\ud800x")",
                                      "[",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "]",
                                      "{",
                                      "{}}",
                                      R"({"a"})",
                                      R"({"a":})",
                                      R"({"a":1,})",
                                      R"({a:1})",
                                      "{1:1}",
                                      R"({"a" 1})",
                                      "1 1",
                                      "[] []",
                                      "'a'",
                                      "/**/1"}) {
    EXPECT_NE(error_of(text), "none") << text;
  }
}

TEST(JsonValue, RejectsAByteOfAnotherEncoding) {
  EXPECT_EQ(error_of("\xef\xbb\xbf{}"), "not JSON at offset 0: a value is missing");
  EXPECT_EQ(error_of(std::string_view("1\0", 2)), "not JSON at offset 1: text after the value");
}

TEST(JsonValue, ReportsTheOffsetAndTheReason) {
  EXPECT_EQ(error_of("[1,x]"), "not JSON at offset 3: a value is missing");
  EXPECT_EQ(error_of("[1 2]"), "not JSON at offset 3: ']' is missing");
  EXPECT_EQ(error_of(R"({"a":1} 2)"), "not JSON at offset 8: text after the value");
  EXPECT_EQ(error_of(R"({"a":"b)"), "not JSON at offset 7: the text ends early");
}

TEST(JsonValue, RejectsTwoMembersOfOneName) {
  EXPECT_EQ(error_of(R"({"a":1,"b":2,"a":1})"),
            "not JSON at offset 18: two members have the same name");
  EXPECT_EQ(error_of(R"({"a":1,"\u0061":1})"),
            "not JSON at offset 17: two members have the same name");
}

TEST(JsonValue, LimitsTheDepth) {
  const std::size_t most = JsonValue::kMaxDepth;
  EXPECT_EQ(error_of(repeated("[", most) + "0" + repeated("]", most)), "none");
  EXPECT_EQ(error_of(repeated("[", most + 1) + "0" + repeated("]", most + 1)),
            "not JSON at offset " + std::to_string(most + 1) + ": nested too deeply");
  EXPECT_NE(error_of(repeated(R"({"a":)", 1'000'000)), "none");
}

}  // namespace
}  // namespace echo
