#include "echo/report/csv.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <ratio>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/load/histogram.h"
#include "echo/report/figures.h"

namespace echo {
namespace {

std::string seconds(Duration time) {
  return format_decimal(std::chrono::duration<double>(time).count(), 6);
}

std::string microseconds(Duration time) {
  return format_decimal(std::chrono::duration<double, std::micro>(time).count(), 3);
}

// Empty if nothing was recorded.
std::string microseconds(const Histogram& latency, Duration time) {
  return latency.count() == 0 ? "" : microseconds(time);
}

std::string rate(std::optional<double> per_second) {
  return per_second ? format_decimal(*per_second, 3) : "";
}

}  // namespace

std::string csv_header() {
  std::string header =
      "time,begin_s,end_s,messages,bytes,messages_per_s,bytes_per_s,due,sent_late,lost,failed,open,"
      "min_us,mean_us,";
  for (const Percentile& percentile : kSamplePercentiles) {
    header += field_name(percentile, "us") + ",";
  }
  return header + "max_us,skipped,retransmits,round_trip_us,congestion_window\n";
}

std::string csv_row(const Sample& sample, WallTime ended) {
  const Duration length = sample.end - sample.begin;
  std::string row =
      format_wall_time(ended) + "," + seconds(sample.begin) + "," + seconds(sample.end);
  const auto add = [&row](const std::string& figure) { row += "," + figure; };
  for (const std::uint64_t count : {sample.received, sample.bytes}) add(std::to_string(count));
  for (const std::uint64_t count : {sample.received, sample.bytes}) {
    add(rate(per_second(count, length)));
  }
  for (const std::uint64_t count :
       {sample.due, sample.sent_late, sample.lost, sample.failed, sample.open}) {
    add(std::to_string(count));
  }
  const Histogram& latency = sample.latency;
  add(microseconds(latency, latency.min()));
  add(microseconds(latency, latency.mean()));
  for (const Percentile& percentile : kSamplePercentiles) {
    add(microseconds(latency, latency.percentile(percentile.per_ten_thousand)));
  }
  add(microseconds(latency, latency.max()));
  add(std::to_string(sample.skipped));
  add(sample.path.is_known() ? std::to_string(sample.path.retransmits) : "");
  const bool has_readings = sample.path.readings > 0;
  add(has_readings ? microseconds(sample.path.mean_round_trip()) : "");
  add(has_readings ? std::to_string(sample.path.mean_window()) : "");
  return row + "\n";
}

}  // namespace echo
