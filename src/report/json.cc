#include "echo/report/json.h"

#include <sys/socket.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/base/escape.h"
#include "echo/base/format.h"
#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/load/histogram.h"
#include "echo/os/endpoint.h"
#include "echo/report/figures.h"
#include "echo/report/warnings.h"

namespace echo {
namespace {

constexpr const char* kNull = "null";

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) {
    if (!text.empty()) text += ",";
    text += item;
  }
  return text;
}

// Among printable characters, escape() and JSON escape the same ones in the same way.
std::string json_string(std::string_view text) {
  return "\"" + escape(escape_unprintable(text)) + "\"";
}

std::string array(const std::vector<std::string>& items) { return "[" + joined(items) + "]"; }

std::string object(const std::vector<JsonMember>& members) {
  std::vector<std::string> items;
  items.reserve(members.size());
  for (const auto& [name, value] : members) items.push_back(json_string(name) + ":" + value);
  return "{" + joined(items) + "}";
}

std::string number(std::integral auto value) { return std::to_string(value); }
std::string number(double value) { return format_decimal(value, 3); }
std::string number(Duration value) { return std::to_string(value.count()); }

template <typename Value>
std::string number(std::optional<Value> value) {
  return value ? number(*value) : kNull;
}

template <typename Value>
std::string number_if(bool is_measured, Value value) {
  return is_measured ? number(value) : kNull;
}

std::string boolean(bool value) { return value ? "true" : "false"; }

// For settings whose value 0 means no limit.
template <typename Value>
std::string limit(Value value) {
  return number_if(value != Value{}, value);
}

std::string family(int family) {
  if (family == AF_INET) return json_string("ipv4");
  if (family == AF_INET6) return json_string("ipv6");
  return kNull;
}

std::string rate(Rate rate) {
  if (rate.count == 0) return kNull;
  return object({{"count", number(rate.count)}, {"per_ns", number(rate.period)}});
}

std::string strings(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  items.reserve(texts.size());
  for (const std::string& text : texts) items.push_back(json_string(text));
  return array(items);
}

std::string text_or_null(const std::string& text) {
  return text.empty() ? kNull : json_string(text);
}

std::vector<std::string> hosts_of(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> hosts;
  hosts.reserve(endpoints.size());
  for (const Endpoint& endpoint : endpoints) hosts.push_back(endpoint.host());
  return hosts;
}

std::string buckets_of(const Histogram& histogram) {
  std::vector<std::string> buckets;
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    buckets.push_back(array({number(bucket.from), number(bucket.to), number(bucket.count)}));
  }
  return array(buckets);
}

// A value of the histogram; null if nothing was recorded.
std::string latency(const Histogram& histogram, Duration value) {
  return number_if(histogram.count() > 0, value);
}

void add_percentiles(std::vector<JsonMember>& members, const Histogram& histogram,
                     std::span<const Percentile> percentiles) {
  for (const Percentile& percentile : percentiles) {
    members.emplace_back(field_name(percentile, "ns"),
                         latency(histogram, histogram.percentile(percentile.per_ten_thousand)));
  }
  members.emplace_back("max_ns", latency(histogram, histogram.max()));
}

std::string latency_of(const Histogram& histogram) {
  std::vector<JsonMember> members{{"count", number(histogram.count())},
                                  {"min_ns", latency(histogram, histogram.min())},
                                  {"mean_ns", latency(histogram, histogram.mean())},
                                  {"mdev_ns", latency(histogram, histogram.deviation())}};
  add_percentiles(members, histogram, kPercentiles);
  members.emplace_back("histogram", buckets_of(histogram));
  return object(members);
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
  return object(
      {{"sent", number(results.sent)},
       {"received", number(results.received)},
       {"lost", number(results.lost)},
       {"unsent", number(results.unsent)},
       {"skipped", number(results.skipped)},
       {"in_flight", number(results.in_flight())},
       {"oldest_in_flight_ns", number_if(results.in_flight() > 0, results.oldest_in_flight)}});
}

std::string addresses_of(const LoadResults& results) {
  std::vector<std::string> addresses;
  for (const AddressResults& each : results.addresses) {
    addresses.push_back(object({{"address", json_string(each.address)},
                                {"opened", number(each.opened)},
                                {"failed", number(each.failed)},
                                {"sent", number(each.sent)},
                                {"received", number(each.received)},
                                {"lost", number(each.lost)},
                                {"latency", latency_of(each.latency)}}));
  }
  return results.addresses.empty() ? kNull : array(addresses);
}

std::string path_of(const PathResults& path) {
  if (!path.is_known()) return kNull;
  const bool has_readings = path.readings > 0;
  return object({{"retransmits", number(path.retransmits)},
                 {"readings", number(path.readings)},
                 {"round_trip_mean_ns", has_readings ? number(path.mean_round_trip()) : kNull},
                 {"round_trip_max_ns", number_if(has_readings, path.round_trip_max)},
                 {"window_mean", has_readings ? number(path.mean_window()) : kNull},
                 {"window_min", number_if(has_readings, path.window_min)}});
}

std::string throughput_of(const LoadResults& results) {
  return object({{"messages_per_s", number(per_second(results.received, results.elapsed))},
                 {"bytes_per_s", number(per_second(results.bytes, results.elapsed))}});
}

std::string errors_of(const LoadResults& results) {
  std::vector<JsonMember> errors;
  for (std::size_t kind = 0; kind < kFailures; ++kind) {
    errors.emplace_back(json_name(static_cast<Failure>(kind)), number(results.failures[kind]));
  }
  return object(errors);
}

std::string expectations_of(const LoadResults& results, const Expectations& expectations) {
  std::vector<std::string> items;
  items.reserve(expectations.size());
  for (const Expectation& expectation : expectations) {
    items.push_back(object({{"expect", json_string(expectation.text)},
                            {"holds", boolean(expectation.holds(results))}}));
  }
  return array(items);
}

// The first members of every top-level object.
std::vector<JsonMember> head() {
  return {{"format", json_string("echo_client-load")}, {"version", "2"}};
}

}  // namespace

void JsonReport::add(const Sample& sample, WallTime ended) {
  const Duration length = sample.end - sample.begin;
  std::vector<JsonMember> members{{"time", json_string(format_wall_time(ended))},
                                  {"begin_ns", number(sample.begin)},
                                  {"end_ns", number(sample.end)},
                                  {"messages", number(sample.received)},
                                  {"bytes", number(sample.bytes)},
                                  {"messages_per_s", number(per_second(sample.received, length))},
                                  {"bytes_per_s", number(per_second(sample.bytes, length))},
                                  {"due", number(sample.due)},
                                  {"sent_late", number(sample.sent_late)},
                                  {"lost", number(sample.lost)},
                                  {"skipped", number(sample.skipped)},
                                  {"failed", number(sample.failed)},
                                  {"open", number(sample.open)},
                                  {"path", path_of(sample.path)},
                                  {"min_ns", latency(sample.latency, sample.latency.min())},
                                  {"mean_ns", latency(sample.latency, sample.latency.mean())}};
  add_percentiles(members, sample.latency, kSamplePercentiles);
  samples_ += samples_.empty() ? "" : ",";
  samples_ += object(members);
}

std::string JsonReport::format(const LoadSettings& settings, const LoadResults& results,
                               const Expectations& expectations, bool has_samples) const {
  const bool has_rate = settings.rate.count > 0;
  const bool has_run = results.ran > Duration{0};
  std::vector<JsonMember> members = head();
  members.insert(members.end(),
                 {{"settings", object(json_members(settings))},
                  {"runs", number(results.earlier ? results.earlier->count : 1)},
                  {"runs_without_echo", number(results.runs_without_echo())},
                  {"begin", results.begin ? json_string(format_wall_time(*results.begin)) : kNull},
                  {"elapsed_ns", number(results.elapsed)},
                  {"interrupted", boolean(results.interrupted)},
                  {"deadline_passed", boolean(results.is_past_deadline)},
                  {"exact", boolean(results.is_exact())},
                  {"cpu_ns", number_if(has_run, results.cpu)},
                  {"ran_ns", number_if(has_run, results.ran)},
                  {"waited_ns", results.waited ? number(results.waited->time) : kNull},
                  {"turns", results.waited ? number(results.waited->turns) : kNull},
                  {"connections", connections_of(results)},
                  {"messages", messages_of(results)},
                  {"bytes", number(results.bytes)},
                  {"throughput", throughput_of(results)},
                  {"latency", latency_of(results.latency)},
                  {"lateness", has_rate ? latency_of(results.lateness) : kNull},
                  {"sent_late", number_if(has_rate, results.sent_late)},
                  {"path", path_of(results.path)},
                  {"addresses", addresses_of(results)},
                  {"errors", errors_of(results)},
                  {"failures", strings(results.failure_texts)},
                  {"refusals", strings(results.refusals)},
                  {"warnings", strings(warnings_of(results))},
                  {"expectations", expectations_of(results, expectations)},
                  {"samples", has_samples ? "[" + samples_ + "]" : kNull}});
  return object(members) + "\n";
}

std::string json_name(Failure kind) {
  std::string name(name_of(kind));
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

std::vector<JsonMember> json_members(const LoadSettings& settings) {
  return {{"host", json_string(settings.host)},
          {"port", number(settings.port)},
          {"family", family(settings.family)},
          {"connections", number(settings.connections)},
          {"all_addresses", boolean(settings.all_addresses)},
          {"bind", strings(hosts_of(settings.origin.addresses))},
          {"interface", text_or_null(settings.origin.device)},
          {"dscp", number(settings.origin.dscp)},
          {"timeout_ns", limit(settings.timeout)},
          {"deadline_ns", limit(settings.deadline)},
          {"count", limit(settings.count)},
          {"duration_ns", limit(settings.duration)},
          {"size_least", number(settings.sizes.least)},
          {"size_most", number(settings.sizes.most)},
          {"text", boolean(settings.text)},
          {"data", text_or_null(settings.data_file)},
          {"pipeline", number(settings.pipeline)},
          {"rate", rate(settings.rate)},
          {"poisson", boolean(settings.poisson)},
          {"no_catch_up", boolean(settings.no_catch_up)},
          {"ramp_ns", number(settings.ramp)},
          {"warmup_ns", number(settings.warmup)},
          {"idle", number(settings.idle)},
          {"churn", boolean(settings.churn)},
          {"connect_only", boolean(settings.connect_only)},
          {"half_close", boolean(settings.half_close)},
          {"reconnect", boolean(settings.reconnect)},
          {"seed", number(settings.seed)}};
}

std::string format_json_error(std::string_view reason) {
  std::vector<JsonMember> members = head();
  members.emplace_back("error", json_string(reason));
  return object(members) + "\n";
}

}  // namespace echo
