#include "echo/csv_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "echo/load_results.h"
#include "echo/units.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

Sample some_sample() {
  Sample sample;
  sample.begin = 1s;
  sample.end = 1500ms;
  sample.received = 3;
  sample.bytes = 192;
  sample.errors = 2;
  sample.open = 100;
  for (const Duration latency : {500ns, 1'000ns, 1'501ns}) sample.latency.record(latency);
  return sample;
}

auto commas_of(std::string_view text) { return std::count(text.begin(), text.end(), ','); }

TEST(CsvHeader, NamesTheColumns) {
  EXPECT_EQ(csv_header(),
            "begin_s,end_s,messages,bytes,messages_per_s,bytes_per_s,errors,open,min_us,mean_us,"
            "p50_us,p90_us,p99_us,p99_9_us,max_us\n");
}

TEST(CsvRow, HasAFigureForEachColumn) {
  EXPECT_EQ(csv_row(some_sample()),
            "1.000000,1.500000,3,192,6.000,384.000,2,100,"
            "0.500,1.000,1.000,1.501,1.501,1.501,1.501\n");
}

TEST(CsvRow, LeavesLatenciesEmptyWhereNothingWasReceived) {
  Sample sample;
  sample.end = 1s;
  sample.errors = 1;
  EXPECT_EQ(csv_row(sample), "0.000000,1.000000,0,0,0.000,0.000,1,0,,,,,,,\n");
  EXPECT_EQ(commas_of(csv_row(sample)), commas_of(csv_header()));
}

TEST(CsvRow, IsExactAfterTenYears) {
  Sample sample;
  sample.begin = kMaxDuration - 1us;
  sample.end = kMaxDuration;
  EXPECT_TRUE(csv_row(sample).starts_with("315359999.999999,315360000.000000,"));
}

}  // namespace
}  // namespace echo
