#include "echo/json_report.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/escape.h"
#include "echo/failure.h"
#include "echo/figures.h"
#include "echo/histogram.h"
#include "echo/units.h"

namespace echo {
namespace {

// Values of JSON, as text.
using Member = std::pair<std::string, std::string>;

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) {
    if (!text.empty()) text += ",";
    text += item;
  }
  return text;
}

std::string json_string(std::string_view text) { return "\"" + escape_json(text) + "\""; }

std::string array(const std::vector<std::string>& items) { return "[" + joined(items) + "]"; }

std::string object(const std::vector<Member>& members) {
  std::vector<std::string> items;
  items.reserve(members.size());
  for (const auto& [name, value] : members) items.push_back(json_string(name) + ":" + value);
  return "{" + joined(items) + "}";
}

std::string number(std::uint64_t value) { return std::to_string(value); }
std::string number(double value) { return format_decimal(value, 3); }
std::string number(Duration value) { return std::to_string(value.count()); }
std::string boolean(bool value) { return value ? "true" : "false"; }

// For what means no limit where it is 0.
template <typename Value>
std::string limit(Value value) {
  return value == Value{} ? "null" : number(value);
}

std::string family(int family) {
  if (family == AF_INET) return json_string("ipv4");
  if (family == AF_INET6) return json_string("ipv6");
  return "null";
}

std::string rate(Rate rate) {
  if (rate.count == 0) return "null";
  return object({{"count", number(rate.count)}, {"per_ns", number(rate.period)}});
}

std::string settings_of(const LoadSettings& settings) {
  return object({{"host", json_string(settings.host)},
                 {"port", number(std::uint64_t{settings.port})},
                 {"family", family(settings.family)},
                 {"connections", number(settings.connections)},
                 {"timeout_ns", limit(settings.timeout)},
                 {"deadline_ns", limit(settings.deadline)},
                 {"count", limit(settings.count)},
                 {"duration_ns", limit(settings.duration)},
                 {"size_least", number(settings.sizes.least)},
                 {"size_most", number(settings.sizes.most)},
                 {"pipeline", number(settings.pipeline)},
                 {"rate", rate(settings.rate)},
                 {"ramp_ns", number(settings.ramp)},
                 {"warmup_ns", number(settings.warmup)},
                 {"idle", number(settings.idle)},
                 {"churn", boolean(settings.churn)},
                 {"half_close", boolean(settings.half_close)},
                 {"reconnect", boolean(settings.reconnect)}});
}

std::string buckets_of(const Histogram& histogram) {
  std::vector<std::string> buckets;
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    buckets.push_back(array({number(bucket.from), number(bucket.to), number(bucket.count)}));
  }
  return array(buckets);
}

std::string latency_of(const Histogram& histogram) {
  return object({{"count", number(histogram.count())},
                 {"min_ns", number(histogram.min())},
                 {"mean_ns", number(histogram.mean())},
                 {"mdev_ns", number(histogram.deviation())},
                 {"p50_ns", number(histogram.percentile(Histogram::kMedian))},
                 {"p90_ns", number(histogram.percentile(Histogram::kP90))},
                 {"p99_ns", number(histogram.percentile(Histogram::kP99))},
                 {"p99_9_ns", number(histogram.percentile(Histogram::kP999))},
                 {"p99_99_ns", number(histogram.percentile(Histogram::kP9999))},
                 {"max_ns", number(histogram.max())},
                 {"histogram", buckets_of(histogram)}});
}

std::string connections_of(const LoadResults& results) {
  return object({{"opened", number(results.opened)},
                 {"open_at_most", number(results.most_open)},
                 {"not_open", number(results.not_open)},
                 {"reset_after_echo", number(results.resets_after_echo)},
                 {"failed", number(results.failed())},
                 {"connect_time", latency_of(results.connect)}});
}

std::string messages_of(const LoadResults& results) {
  return object({{"sent", number(results.sent)},
                 {"received", number(results.received)},
                 {"lost", number(results.lost)},
                 {"unsent", number(results.unsaid)},
                 {"in_flight", number(results.in_flight())},
                 {"oldest_in_flight_ns", number(results.oldest_in_flight)}});
}

std::string throughput_of(const LoadResults& results) {
  return object({{"messages_per_s", number(per_second(results.received, results.elapsed))},
                 {"bytes_per_s", number(per_second(results.bytes, results.elapsed))}});
}

std::string errors_of(const LoadResults& results) {
  std::vector<Member> errors;
  for (std::size_t kind = 0; kind < kFailures; ++kind) {
    std::string name(name_of(static_cast<Failure>(kind)));
    std::replace(name.begin(), name.end(), ' ', '_');
    errors.emplace_back(name, number(results.failures[kind]));
  }
  return object(errors);
}

std::string strings(const std::vector<std::string>& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const std::string& text : values) texts.push_back(json_string(text));
  return array(texts);
}

}  // namespace

std::string format_json(const LoadSettings& settings, const LoadResults& results) {
  const bool has_rate = settings.rate.count > 0;
  return object({{"format", json_string("echo_client-load")},
                 {"version", "1"},
                 {"settings", settings_of(settings)},
                 {"elapsed_ns", number(results.elapsed)},
                 {"interrupted", boolean(results.interrupted)},
                 {"deadline_passed", boolean(results.is_past_deadline)},
                 {"exact", boolean(results.is_exact())},
                 {"cpu_ns", number(results.cpu)},
                 {"ran_ns", number(results.ran)},
                 {"connections", connections_of(results)},
                 {"messages", messages_of(results)},
                 {"bytes", number(results.bytes)},
                 {"throughput", throughput_of(results)},
                 {"latency", latency_of(results.latency)},
                 {"lateness", has_rate ? latency_of(results.lateness) : "null"},
                 {"errors", errors_of(results)},
                 {"failures", strings(results.told)},
                 {"refusals", strings(results.refusals)}}) +
         "\n";
}

}  // namespace echo
