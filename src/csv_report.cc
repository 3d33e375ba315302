#include "echo/csv_report.h"

#include <chrono>
#include <ratio>

#include "echo/figures.h"
#include "echo/histogram.h"
#include "echo/units.h"

namespace echo {
namespace {

std::string seconds(Duration time) {
  return format_decimal(std::chrono::duration<double>(time).count(), 6);
}

std::string microseconds(Duration time) {
  return format_decimal(std::chrono::duration<double, std::micro>(time).count(), 3);
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
  return "begin_s,end_s,messages,bytes,messages_per_s,bytes_per_s,errors,open,"
         "min_us,mean_us,p50_us,p90_us,p99_us,p99_9_us,max_us\n";
}

std::string csv_row(const Sample& sample) {
  const Duration length = sample.end - sample.begin;
  return seconds(sample.begin) + "," + seconds(sample.end) + "," + std::to_string(sample.received) +
         "," + std::to_string(sample.bytes) + "," +
         format_decimal(per_second(sample.received, length), 3) + "," +
         format_decimal(per_second(sample.bytes, length), 3) + "," + std::to_string(sample.errors) +
         "," + std::to_string(sample.open) + "," + latencies(sample.latency) + "\n";
}

}  // namespace echo
