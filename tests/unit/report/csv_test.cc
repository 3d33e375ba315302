#include "echo/report/csv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "echo/base/time.h"
#include "echo/load/load_results.h"
#include "echo/report/figures.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

Sample some_sample() {
  Sample sample;
  sample.begin = 1s;
  sample.end = 1500ms;
  sample.received = 3;
  sample.bytes = 192;
  sample.due = 8;
  sample.sent_late = 4;
  sample.lost = 5;
  sample.skipped = 6;
  sample.failed = 2;
  sample.open = 100;
  sample.path.add({.retransmits = 9, .round_trip = 45'100ns, .congestion_window = 10}, 7);
  for (const Duration latency : {500ns, 1'000ns, 1'501ns}) sample.latency.record(latency);
  return sample;
}

// 2026-11-24 09:12:44.318 UTC.
constexpr WallTime kThen{1'795'511'564'318ms};

auto commas_of(std::string_view text) { return std::count(text.begin(), text.end(), ','); }

TEST(CsvHeader, NamesTheColumns) {
  EXPECT_EQ(
      csv_header(),
      "time,begin_s,end_s,messages,bytes,messages_per_s,bytes_per_s,due,sent_late,lost,failed,"
      "open,min_us,mean_us,p50_us,p90_us,p99_us,p99_9_us,max_us,skipped,"
      "retransmits,round_trip_us,congestion_window\n");
}

TEST(CsvRow, HasAValueForEachColumn) {
  EXPECT_EQ(csv_row(some_sample(), kThen),
            "2026-11-24T09:12:44.318Z,1.000000,1.500000,3,192,6.000,384.000,8,4,5,2,100,"
            "0.500,1.000,1.000,1.501,1.501,1.501,1.501,6,7,45.100,10\n");
}

TEST(CsvRow, LeavesLatenciesEmptyWithoutAnswers) {
  Sample sample;
  sample.end = 1s;
  sample.failed = 1;
  EXPECT_EQ(csv_row(sample, kThen),
            "2026-11-24T09:12:44.318Z,0.000000,1.000000,0,0,0.000,0.000,0,0,0,1,0,,,,,,,,0,,,\n");
  EXPECT_EQ(commas_of(csv_row(sample, kThen)), commas_of(csv_header()));
}

TEST(CsvRow, LeavesThroughputEmptyIfNoTimePassed) {
  Sample sample;
  sample.received = sample.bytes = 1;
  EXPECT_NE(csv_row(sample, kThen).find(",1,1,,,0,"), std::string::npos);
  EXPECT_EQ(commas_of(csv_row(sample, kThen)), commas_of(csv_header()));
}

TEST(CsvRow, IsExactAfterTenYears) {
  Sample sample;
  sample.begin = kMaxDuration - 1us;
  sample.end = kMaxDuration;
  EXPECT_NE(csv_row(sample, kThen).find(",315359999.999999,315360000.000000,"), std::string::npos);
}

}  // namespace
}  // namespace echo
