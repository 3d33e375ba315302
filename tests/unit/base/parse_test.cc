#include "echo/base/parse.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace echo {
namespace {

using namespace std::chrono_literals;

// Returns the value; the test fails if there is none.
template <typename Value>
Value value_of(const Parsed<Value>& parsed) {
  EXPECT_TRUE(parsed);
  return parsed ? *parsed : Value{};
}

// Returns why there is no value; the test fails if there is one.
template <typename Value>
ParseError misfit_of(const Parsed<Value>& parsed) {
  EXPECT_FALSE(parsed);
  return parsed.error();
}

void expect_rate(std::string_view text, std::uint64_t count, Duration period) {
  const auto rate = parse_rate(text);
  ASSERT_TRUE(rate) << text;
  EXPECT_EQ(rate->count, count) << text;
  EXPECT_EQ(rate->period, period) << text;
}

TEST(ParseNumber, AcceptsDigits) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("10000"), 10000U);
  EXPECT_EQ(parse_number("007"), 7U);
}

TEST(ParseNumber, AcceptsTheLargestNumber) {
  EXPECT_EQ(parse_number("18446744073709551615"), UINT64_MAX);
}

TEST(ParseNumber, RejectsOverflow) {
  EXPECT_EQ(parse_number("18446744073709551616"), std::nullopt);
}

TEST(ParseNumber, RejectsAnythingExceptDigits) {
  for (const std::string_view text :
       {"", " ", "-1", "+1", " 1", "1 ", "1x", "x1", "1.0", "0x10", "1e3", "1,000", "K", "1K"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(ParseNumber, ReadsNothingPastTheText) {
  EXPECT_EQ(parse_number(std::string_view("123456").substr(0, 3)), 123U);
}

TEST(ParseCount, AcceptsPlainNumbers) {
  EXPECT_EQ(value_of(parse_count("10000")), 10000U);
  EXPECT_EQ(value_of(parse_count("0")), 0U);
}

TEST(ParseCount, AcceptsDecimalUnitsInEitherCase) {
  EXPECT_EQ(value_of(parse_count("10K")), 10'000U);
  EXPECT_EQ(value_of(parse_count("10k")), 10'000U);
  EXPECT_EQ(value_of(parse_count("3M")), 3'000'000U);
  EXPECT_EQ(value_of(parse_count("2g")), 2'000'000'000U);
  EXPECT_EQ(value_of(parse_count("1.5K")), 1'500U);
  EXPECT_EQ(value_of(parse_count("0.000001M")), 1U);
  EXPECT_EQ(value_of(parse_count("2.0")), 2U);
}

TEST(ParseCount, RejectsFractions) {
  EXPECT_EQ(misfit_of(parse_count("1.5")), ParseError::kTooFine);
  EXPECT_EQ(misfit_of(parse_count("1.0001K")), ParseError::kTooFine);
}

TEST(ParseSize, CountsBytesByDefault) { EXPECT_EQ(value_of(parse_size("65536")), 65536U); }

TEST(ParseSize, AcceptsUnitsInEitherCase) {
  EXPECT_EQ(value_of(parse_size("64K")), 65536U);
  EXPECT_EQ(value_of(parse_size("64k")), 65536U);
  EXPECT_EQ(value_of(parse_size("4M")), 4U << 20);
  EXPECT_EQ(value_of(parse_size("4m")), 4U << 20);
  EXPECT_EQ(value_of(parse_size("1G")), 1U << 30);
  EXPECT_EQ(value_of(parse_size("1g")), 1U << 30);
}

TEST(ParseSize, ConvertsDecimalsExactly) {
  EXPECT_EQ(value_of(parse_size("1.5M")), 3U << 19);
  EXPECT_EQ(value_of(parse_size("0.0009765625K")), 1U);
  EXPECT_EQ(value_of(parse_size("1.2500000000000000000000K")), 1280U);
}

TEST(ParseSize, AcceptsTheLargestSizeOfEachUnit) {
  const std::string kilobytes = std::to_string(SIZE_MAX / 1024);
  EXPECT_EQ(value_of(parse_size(kilobytes + "K")), SIZE_MAX - 1023);
  EXPECT_EQ(value_of(parse_size(kilobytes + ".9990234375K")), SIZE_MAX);
  const std::string gigabytes = std::to_string(SIZE_MAX / (1U << 30));
  EXPECT_EQ(value_of(parse_size(gigabytes + "G")), SIZE_MAX - (1U << 30) + 1);
}

TEST(ParseSize, ReportsSizesThatAreTooLarge) {
  for (const std::string_view text :
       {"18446744073709551616", "18014398509481984K", "18014398509481984.5K", "17592186044416M",
        "17179869184G", "99999999999999999999999G", "18446744073709551616.5"}) {
    EXPECT_EQ(misfit_of(parse_size(text)), ParseError::kTooLarge) << text;
  }
}

TEST(ParseSize, ReportsSizesThatDoNotFitIntoSizeT) {
  const std::string kilobytes = std::to_string(SIZE_MAX / 1024 + 1);
  const std::string gigabytes = std::to_string(SIZE_MAX / (1U << 30) + 1);
  for (const std::string& text : {kilobytes + "K", kilobytes + ".0009765625K", gigabytes + "G"}) {
    EXPECT_EQ(misfit_of(parse_size(text)), ParseError::kTooLarge) << text;
    EXPECT_EQ(misfit_of(parse_size_range(text)), ParseError::kTooLarge) << text;
    EXPECT_EQ(misfit_of(parse_size_range("1-" + text)), ParseError::kTooLarge) << text;
  }
}

TEST(ParseSize, RejectsFractionsOfAByte) {
  for (const std::string_view text : {"0.5", "1.1K", "0.0001K", "0.00000000000000000001G"}) {
    EXPECT_EQ(misfit_of(parse_size(text)), ParseError::kTooFine) << text;
  }
}

TEST(ParseSize, RejectsMalformedSizes) {
  for (const std::string_view text :
       {"", "K", "-1K", "1KB", "1 K", " 1K", "1K ", "1T", "1KK", "K1", "1kib", ".5K", "1.K",
        "1..5K", "1.5.5K", "1,5K", "1.-5K", "99999999999999999999999T"}) {
    EXPECT_EQ(misfit_of(parse_size(text)), ParseError::kMalformed) << text;
  }
}

TEST(ParseDuration, AcceptsEveryUnit) {
  EXPECT_EQ(value_of(parse_duration("7ns")), 7ns);
  EXPECT_EQ(value_of(parse_duration("200us")), 200us);
  EXPECT_EQ(value_of(parse_duration("250ms")), 250ms);
  EXPECT_EQ(value_of(parse_duration("5s")), 5s);
  EXPECT_EQ(value_of(parse_duration("10m")), 10min);
  EXPECT_EQ(value_of(parse_duration("1h")), 1h);
}

TEST(ParseDuration, CountsSecondsByDefault) {
  EXPECT_EQ(value_of(parse_duration("90")), 90s);
  EXPECT_EQ(value_of(parse_duration("0")), 0s);
}

TEST(ParseDuration, ConvertsDecimalsExactly) {
  EXPECT_EQ(value_of(parse_duration("1.5s")), 1500ms);
  EXPECT_EQ(value_of(parse_duration("0.1")), 100ms);
  EXPECT_EQ(value_of(parse_duration("0.5us")), 500ns);
  EXPECT_EQ(value_of(parse_duration("0.000000001s")), 1ns);
  EXPECT_EQ(value_of(parse_duration("2.25h")), 135min);
  EXPECT_EQ(value_of(parse_duration("315359999.999999999")), kMaxDuration - 1ns);
}

TEST(ParseDuration, RejectsFractionsOfANanosecond) {
  for (const std::string_view text : {"0.5ns", "0.0000000001s", "0.0001us"}) {
    EXPECT_EQ(misfit_of(parse_duration(text)), ParseError::kTooFine) << text;
  }
}

TEST(ParseDuration, RejectsMoreThanTenYears) {
  EXPECT_EQ(value_of(parse_duration("87600h")), kMaxDuration);
  EXPECT_EQ(value_of(parse_duration("315360000")), kMaxDuration);
  for (const std::string_view text :
       {"87601h", "87600.5h", "315360001", "315360000000001us", "18446744073709551615h",
        "18446744073709551616us", "5124095576030431h"}) {
    EXPECT_EQ(misfit_of(parse_duration(text)), ParseError::kTooLarge) << text;
  }
}

TEST(ParseDuration, RejectsMalformedTimes) {
  for (const std::string_view text :
       {"", "s", "-1s", "+1s", "1 s", " 1s", "1s ", "1S", "1d", "1m30s", "ms5", ".5s", "1.s"}) {
    EXPECT_EQ(misfit_of(parse_duration(text)), ParseError::kMalformed) << text;
  }
}

TEST(ParseRate, CountsPerSecondByDefault) {
  expect_rate("1000", 1000, 1s);
  expect_rate("1000/s", 1000, 1s);
  expect_rate("0", 0, 1s);
}

TEST(ParseRate, AcceptsLongerPeriods) {
  expect_rate("10/m", 10, 1min);
  expect_rate("5/h", 5, 1h);
}

TEST(ParseRate, AcceptsDecimalUnits) {
  expect_rate("10K", 10'000, 1s);
  expect_rate("1.5K/s", 1'500, 1s);
  expect_rate("2M/h", 2'000'000, 1h);
}

TEST(ParseRate, ConvertsDecimalsToALongerPeriod) {
  expect_rate("0.5", 1, 2s);
  expect_rate("2.5/s", 5, 2s);
  expect_rate("0.1/m", 1, 10min);
  expect_rate("0.00025/h", 1, 4000h);
  expect_rate("1.2345K", 2'469, 2s);
  expect_rate("9999999.5", 19'999'999, 2s);
}

TEST(ParseRate, RejectsRatesThatNeedRounding) {
  for (const std::string_view text :
       {"9999999.999999", "0.0000000001", "0.00000000000000000001/s"}) {
    EXPECT_EQ(misfit_of(parse_rate(text)), ParseError::kTooFine) << text;
  }
}

TEST(ParseRate, ReportsRatesThatAreTooLarge) {
  for (const std::string_view text : {"18446744073709551616/s", "3000000001", "4G"}) {
    EXPECT_EQ(misfit_of(parse_rate(text)), ParseError::kTooLarge) << text;
  }
}

TEST(ParseRate, RejectsMalformedRates) {
  for (const std::string_view text : {"", "/s", "1/", "1/d", "1/ms", "1/s/s", "1 /s", "-1/s", "s",
                                      "1s", "1/2s", ".5/s", "5./s", "18446744073709551616/x"}) {
    EXPECT_EQ(misfit_of(parse_rate(text)), ParseError::kMalformed) << text;
  }
}

TEST(ParseDscp, AcceptsNumbers) {
  EXPECT_EQ(parse_dscp("0"), 0U);
  EXPECT_EQ(parse_dscp("63"), 63U);
}

// RFC 2597, section 6, and RFC 2474, section 4.2.2.
TEST(ParseDscp, AcceptsTheNamesOfClasses) {
  for (unsigned number = 0; number < 8; ++number) {
    EXPECT_EQ(parse_dscp("CS" + std::to_string(number)), 8 * number);
  }
  for (unsigned forwarding = 1; forwarding <= 4; ++forwarding) {
    for (unsigned drop = 1; drop <= 3; ++drop) {
      EXPECT_EQ(parse_dscp("AF" + std::to_string(10 * forwarding + drop)),
                8 * forwarding + 2 * drop);
    }
  }
  EXPECT_EQ(parse_dscp("ef"), 46U);
  EXPECT_EQ(parse_dscp("Le"), 1U);
}

TEST(ParseDscp, RejectsOtherTexts) {
  for (const std::string_view text : {"", "64", "-1", "1.5", "CS8", "CS", "AF44", "AF1", "EF "}) {
    EXPECT_EQ(parse_dscp(text), std::nullopt) << text;
  }
}

TEST(ParsePercentage, CountsBillionthsOfTheWhole) {
  EXPECT_EQ(value_of(parse_percentage("0%")), 0U);
  EXPECT_EQ(value_of(parse_percentage("0.1%")), 1'000'000U);
  EXPECT_EQ(value_of(parse_percentage("0.0000001%")), 1U);
  EXPECT_EQ(value_of(parse_percentage("33%")), 330'000'000U);
}

TEST(ParsePercentage, RejectsMoreThanTheWhole) {
  EXPECT_EQ(value_of(parse_percentage("100%")), kWhole);
  EXPECT_EQ(misfit_of(parse_percentage("100.0000001%")), ParseError::kTooLarge);
}

TEST(ParsePercentage, RejectsPartsOfABillionth) {
  EXPECT_EQ(misfit_of(parse_percentage("0.00000001%")), ParseError::kTooFine);
}

TEST(ParsePercentage, RejectsMalformedPercentages) {
  for (const std::string_view text : {"", "%", "1", "1K%", "1 %", "-1%", ".1%", "1%%"}) {
    EXPECT_EQ(misfit_of(parse_percentage(text)), ParseError::kMalformed) << text;
  }
}

TEST(ParseSizeRange, AcceptsASingleSize) {
  const auto range = parse_size_range("4K");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->least, 4096U);
  EXPECT_EQ(range->most, 4096U);
}

TEST(ParseSizeRange, AcceptsTwoSizes) {
  const auto range = parse_size_range("64-1.5K");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->least, 64U);
  EXPECT_EQ(range->most, 1536U);
}

TEST(ParseSizeRange, RejectsInvalidRanges) {
  for (const std::string_view text :
       {"", "-", "64-", "-64", "64--65", "64-63", "1-2-3", "64 - 65", "a-b", "1-1T"}) {
    EXPECT_EQ(misfit_of(parse_size_range(text)), ParseError::kMalformed) << text;
  }
  EXPECT_EQ(misfit_of(parse_size_range("1-99999999999999999999")), ParseError::kTooLarge);
  EXPECT_EQ(misfit_of(parse_size_range("0.5-1")), ParseError::kTooFine);
}

}  // namespace
}  // namespace echo
