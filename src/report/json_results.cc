#include "echo/report/json_results.h"

#include <sys/socket.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "echo/base/escape.h"
#include "echo/base/json_value.h"
#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/load/histogram.h"
#include "echo/os/platform.h"
#include "echo/report/figures.h"
#include "echo/report/json.h"

namespace echo {
namespace {

// A value and its path for errors, such as "connections.opened".
class Field {
 public:
  Field(const JsonValue& value, std::string path) : value_(&value), path_(std::move(path)) {}

  // A member of an object.
  Field operator[](const std::string& name) const {
    if (value_->as<JsonValue::Object>() == nullptr) reject("is not an object");
    const std::string path = path_.empty() ? name : path_ + "." + name;
    const JsonValue* const member = value_->find(name);
    if (member == nullptr) throw std::runtime_error("member '" + path + "' is missing");
    return {*member, path};
  }

  std::vector<Field> items() const {
    const auto* const array = value_->as<JsonValue::Array>();
    if (array == nullptr) reject("is not an array");
    std::vector<Field> fields;
    for (const JsonValue& item : *array) fields.emplace_back(item, path_);
    return fields;
  }

  bool has(std::string_view name) const { return value_->find(name) != nullptr; }
  bool is_null() const { return value_->as<JsonValue::Null>() != nullptr; }

  bool boolean() const {
    const auto* const boolean = value_->as<bool>();
    if (boolean == nullptr) reject("is not true or false");
    return *boolean;
  }

  std::string text() const {
    const auto* const string = value_->as<std::string>();
    if (string == nullptr) reject("is not a string");
    return escape_unprintable(*string);
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const Field& item : items()) all.push_back(item.text());
    return all;
  }

  template <std::unsigned_integral Number = std::uint64_t>
  Number number(Number most = std::numeric_limits<Number>::max() / EndedRun::kMaxMerged) const {
    const auto* const number = value_->as<JsonValue::Number>();
    if (number == nullptr || !*number || **number > most) {
      reject("is not a whole number from 0 to " + std::to_string(most));
    }
    return static_cast<Number>(**number);
  }

  Duration duration() const {
    constexpr auto kMost = static_cast<std::uint64_t>(kMaxDuration.count());
    return Duration{static_cast<Duration::rep>(number(kMost))};
  }

  // Null stands for an empty text.
  std::string text_or_empty() const { return is_null() ? "" : text(); }
  // Null stands for 0: no limit, or no measurement.
  std::uint64_t number_or_0() const { return is_null() ? 0 : number(); }
  Duration duration_or_0() const { return is_null() ? Duration{0} : duration(); }

  [[noreturn]] void reject(const std::string& reason) const {
    throw std::runtime_error("member '" + path_ + "' " + reason);
  }

 private:
  const JsonValue* value_;
  std::string path_;
};

int family_of(const Field& field) {
  if (field.is_null()) return AF_UNSPEC;
  const std::string name = field.text();
  if (name == "ipv4") return AF_INET;
  if (name == "ipv6") return AF_INET6;
  field.reject("is not an address family");
}

Rate rate_of(const Field& field) {
  if (field.is_null()) return {};
  const Rate rate{.count = field["count"].number(), .period = field["per_ns"].duration()};
  if (rate.period == Duration{0}) field["per_ns"].reject("is 0");
  return rate;
}

std::optional<unsigned> dscp_of(const Field& field) {
  constexpr unsigned kMaxClass = 63;
  return field.is_null() ? std::nullopt : std::optional(field.number(kMaxClass));
}

// The local addresses and the interface are not restored: each machine has its own.
LoadSettings settings_of(const Field& object) {
  LoadSettings settings;
  settings.host = object["host"].text();
  settings.port = object["port"].number<std::uint16_t>(UINT16_MAX);
  settings.family = family_of(object["family"]);
  settings.connections = object["connections"].number<std::size_t>();
  settings.all_addresses = object["all_addresses"].boolean();
  settings.origin.dscp = dscp_of(object["dscp"]);
  settings.timeout = object["timeout_ns"].duration_or_0();
  settings.deadline = object["deadline_ns"].duration_or_0();
  settings.count = object["count"].number_or_0();
  settings.duration = object["duration_ns"].duration_or_0();
  settings.sizes = {.least = object["size_least"].number<std::size_t>(SIZE_MAX),
                    .most = object["size_most"].number<std::size_t>(SIZE_MAX)};
  settings.text = object["text"].boolean();
  settings.data_file = object["data"].text_or_empty();
  if (settings.sizes.least > settings.sizes.most) object["size_least"].reject("is too large");
  settings.pipeline = object["pipeline"].number<std::size_t>();
  settings.rate = rate_of(object["rate"]);
  settings.poisson = object["poisson"].boolean();
  settings.no_catch_up = object["no_catch_up"].boolean();
  settings.ramp = object["ramp_ns"].duration();
  settings.warmup = object["warmup_ns"].duration();
  settings.idle = object["idle"].number<std::size_t>();
  settings.churn = object["churn"].boolean();
  settings.connect_only = object["connect_only"].boolean();
  settings.half_close = object["half_close"].boolean();
  settings.reconnect = object["reconnect"].boolean();
  settings.seed = object["seed"].number();
  return settings;
}

Histogram histogram_of(const Field& object) {
  const Field histogram = object["histogram"];
  std::vector<Histogram::Bucket> buckets;
  for (const Field& item : histogram.items()) {
    const std::vector<Field> bucket = item.items();
    if (bucket.size() != 3) histogram.reject("has a bucket without three figures");
    buckets.push_back(
        {.from = bucket[0].duration(), .to = bucket[1].duration(), .count = bucket[2].number()});
  }
  auto restored = Histogram::restore(buckets, object["mean_ns"].duration_or_0(),
                                     object["mdev_ns"].duration_or_0());
  if (!restored || restored->count() != object["count"].number() ||
      restored->min() != object["min_ns"].duration_or_0() ||
      restored->max() != object["max_ns"].duration_or_0()) {
    histogram.reject("contradicts the other figures");
  }
  return std::move(*restored);
}

void restore_connections(LoadResults& results, const Field& connections, const Field& errors) {
  results.opened = connections["opened"].number();
  results.most_open = connections["open_at_most"].number();
  results.not_open = connections["not_open"].number();
  results.resets_after_echo = connections["reset_after_echo"].number();
  results.connect = histogram_of(connections["connect_time"]);
  for (std::size_t kind = 0; kind < kFailures; ++kind) {
    results.failures[kind] = errors[json_name(static_cast<Failure>(kind))].number();
  }
  // A later version may have more kinds of errors.
  if (results.failed() != connections["failed"].number()) {
    connections["failed"].reject("is not the sum of the errors");
  }
  if (results.connect.count() != results.opened) {
    connections["opened"].reject("is not the count of 'connect_time'");
  }
}

void restore_messages(LoadResults& results, const Field& messages, const Field& latency) {
  results.sent = messages["sent"].number();
  results.received = messages["received"].number();
  results.lost = messages["lost"].number();
  results.unsent = messages["unsent"].number();
  results.skipped = messages["skipped"].number();
  results.oldest_in_flight = messages["oldest_in_flight_ns"].duration_or_0();
  results.latency = histogram_of(latency);
  if (results.sent < results.received + results.lost) {
    messages["sent"].reject("is less than 'received' and 'lost' together");
  }
  if (results.latency.count() != results.received) {
    messages["received"].reject("is not the count of 'latency'");
  }
}

PathResults path_of(const Field& path) {
  if (path.is_null()) return {};
  // So that no sum overflows.
  constexpr std::uint64_t kMaxReadings = 1'000'000'000;
  constexpr std::uint64_t kMaxWindow = 1'000'000;
  PathResults results{.retransmits = path["retransmits"].number(),
                      .readings = path["readings"].number(kMaxReadings)};
  if (results.readings == 0) return results;
  // Rounded means: the sums are close to the original ones.
  const Duration mean = path["round_trip_mean_ns"].duration();
  if (mean > kMaxDuration / static_cast<Duration::rep>(results.readings)) {
    path["round_trip_mean_ns"].reject("is too large");
  }
  results.round_trip_sum = mean * static_cast<Duration::rep>(results.readings);
  results.round_trip_max = path["round_trip_max_ns"].duration();
  results.window_sum = path["window_mean"].number(kMaxWindow) * results.readings;
  results.window_min = path["window_min"].number(kMaxWindow);
  return results;
}

std::vector<AddressResults> addresses_of(const Field& addresses) {
  if (addresses.is_null()) return {};
  std::vector<AddressResults> results;
  for (const Field& each : addresses.items()) {
    AddressResults& part = results.emplace_back();
    part.address = each["address"].text();
    part.opened = each["opened"].number();
    part.failed = each["failed"].number();
    part.sent = each["sent"].number();
    part.received = each["received"].number();
    part.lost = each["lost"].number();
    part.latency = histogram_of(each["latency"]);
  }
  return results;
}

// The processor time of the client; null if it did not measure.
void restore_processor(LoadResults& results, const Field& object) {
  results.cpu = object["cpu_ns"].duration_or_0();
  results.ran = object["ran_ns"].duration_or_0();
  if (object["waited_ns"].is_null()) return;
  results.waited =
      ProcessorWait{.time = object["waited_ns"].duration(), .turns = object["turns"].number()};
}

// Null if the run did not measure.
std::optional<WallTime> begin_of(const Field& begin) {
  if (begin.is_null()) return std::nullopt;
  const auto time = parse_wall_time(begin.text());
  if (!time) begin.reject("is not a time");
  return time;
}

LoadResults results_of(const Field& object, bool has_rate) {
  LoadResults results;
  results.earlier = EarlierRuns{.count = object["runs"].number(),
                                .unanswered = object["runs_without_echo"].number(),
                                .warnings = object["warnings"].texts()};
  if (results.earlier->count == 0) object["runs"].reject("is 0");
  results.begin = begin_of(object["begin"]);
  results.elapsed = object["elapsed_ns"].duration();
  results.interrupted = object["interrupted"].boolean();
  results.is_past_deadline = object["deadline_passed"].boolean();
  restore_processor(results, object);
  restore_connections(results, object["connections"], object["errors"]);
  restore_messages(results, object["messages"], object["latency"]);
  results.bytes = object["bytes"].number();
  results.path = path_of(object["path"]);
  results.addresses = addresses_of(object["addresses"]);
  if (has_rate) {
    results.lateness = histogram_of(object["lateness"]);
    results.sent_late = object["sent_late"].number();
  }
  results.failure_texts = object["failures"].texts();
  results.refusals = object["refusals"].texts();
  return results;
}

}  // namespace

EndedRun parse_json_results(std::string_view text) {
  const JsonValue value = JsonValue::parse(text);
  const Field object(value, "");
  if (!object.has("format") || object["format"].text() != "echo_client-load") {
    throw std::runtime_error("not a result of echo_client --json");
  }
  constexpr std::uint64_t kVersion = 2;
  if (const auto version = object["version"].number(); version != kVersion) {
    throw std::runtime_error("its format has the version " + std::to_string(version) + ", not " +
                             std::to_string(kVersion));
  }
  if (object.has("error")) throw std::runtime_error("no results: " + object["error"].text());
  EndedRun run{.settings = settings_of(object["settings"]), .results = {}};
  run.results = results_of(object, run.settings.rate.count > 0);
  return run;
}

}  // namespace echo
