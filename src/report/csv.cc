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

// Nothing where there is no figure.
std::string rate(std::optional<double> per_second) {
  return per_second ? format_decimal(*per_second, 3) : "";
}

std::string latencies(const Histogram& latency) {
  if (latency.count() == 0) return ",,,,,,";
  return microseconds(latency.min()) + "," + microseconds(latency.mean()) + "," +
         microseconds(latency.percentile(Histogram::kMedian)) + "," +
         microseconds(latency.percentile(Histogram::kP90)) + "," +
         microseconds(latency.percentile(Histogram::kP99)) + "," +
         microseconds(latency.percentile(Histogram::kP999)) + "," + microseconds(latency.max());
}

}  // namespace

std::string_view csv_header() {
  return "time,begin_s,end_s,messages,bytes,messages_per_s,bytes_per_s,due,sent_late,lost,failed,"
         "open,min_us,mean_us,p50_us,p90_us,p99_us,p99_9_us,max_us\n";
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
  add(latencies(sample.latency));
  return row + "\n";
}

}  // namespace echo
