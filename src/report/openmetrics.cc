#include "echo/report/openmetrics.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "echo/base/escape.h"
#include "echo/base/format.h"
#include "echo/client/failure.h"
#include "echo/load/histogram.h"
#include "echo/report/figures.h"

namespace echo {
namespace {

std::string seconds_of(Duration time) {
  return format_decimal(std::chrono::duration<double>(time).count(), 9);
}

// "p99.9": "0.999".
std::string quantile_of(const Percentile& percentile) {
  const std::string text = format_decimal(percentile.per_ten_thousand / 10'000.0, 4);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

// `name="value"`. Among printable characters, escape() and both formats escape the same ones in the
// same way.
std::string label(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + escape(escape_unprintable(value)) + "\"";
}

// So that different loads on the same server have different metrics.
std::string labels_of(const LoadSettings& settings) {
  std::string labels =
      label("host", settings.host) + "," + label("port", std::to_string(settings.port));
  if (settings.connect_only) labels += "," + label("mode", "connect");
  if (settings.origin.dscp) labels += "," + label("dscp", std::to_string(*settings.origin.dscp));
  return labels;
}

// A text of metrics about one target.
class Exposition {
 public:
  explicit Exposition(const LoadSettings& settings) : target_(labels_of(settings)) {}

  // Begins a metric; its samples follow.
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = std::string("echo_client_").append(name);
    text_ += "# HELP " + name_ + " " + std::string(help) + "\n";
    text_ += "# TYPE " + name_ + " " + std::string(type) + "\n";
    for (const std::string_view unit : kUnits) {
      if (name.ends_with(unit)) text_ += "# UNIT " + name_ + " " + std::string(unit) + "\n";
    }
  }

  void add_sample(std::string_view suffix, std::string_view extra_label, const std::string& value) {
    text_ += name_ + std::string(suffix) + "{" + target_;
    if (!extra_label.empty()) text_ += "," + std::string(extra_label);
    text_ += "} " + value + "\n";
  }

  void add_gauge(std::string_view name, std::string_view help, const std::string& value) {
    begin(name, "gauge", help);
    add_sample("", "", value);
  }

  void add_gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    add_gauge(name, help, std::to_string(value));
  }

  // The quantiles 0 and 1 are the extremes.
  void add_summary(std::string_view name, std::string_view help, const Histogram& histogram) {
    begin(name, "summary", help);
    const auto add_quantile = [&](std::string_view quantile, Duration value) {
      if (histogram.count() > 0) add_sample("", label("quantile", quantile), seconds_of(value));
    };
    add_quantile("0.0", histogram.min());
    for (const Percentile& percentile : kPercentiles) {
      add_quantile(quantile_of(percentile), histogram.percentile(percentile.per_ten_thousand));
    }
    add_quantile("1.0", histogram.max());
    add_sample("_sum", "", format_decimal(histogram.sum() / 1e9, 9));
    add_sample("_count", "", std::to_string(histogram.count()));
  }

  const std::string& text() const noexcept { return text_; }

 private:
  static constexpr std::array<std::string_view, 2> kUnits{"seconds", "bytes"};

  const std::string target_;
  std::string name_;
  std::string text_;
};

void add_exact(Exposition& metrics, bool is_exact) {
  metrics.add_gauge("exact", "1 if every echo was exact and nothing failed, otherwise 0.",
                    is_exact ? 1 : 0);
}

void add_messages(Exposition& metrics, const LoadResults& results) {
  metrics.add_gauge("messages_sent", "Messages sent.", results.sent);
  metrics.add_gauge("messages_received", "Messages with an exact echo.", results.received);
  metrics.add_gauge("messages_lost", "Messages lost.", results.lost);
  metrics.add_gauge("messages_skipped", "Messages skipped.", results.skipped);
  metrics.add_gauge("received_bytes", "Bytes in the messages received.", results.bytes);
  if (const auto rate = per_second(results.received, results.elapsed)) {
    metrics.add_gauge("messages_per_second", "Messages received per second.",
                      format_decimal(*rate, 3));
  }
  metrics.add_summary("latency_seconds", "Time from the start of a message to its complete echo.",
                      results.latency);
}

void add_connections(Exposition& metrics, const LoadResults& results) {
  metrics.add_gauge("connections_opened", "Connections opened.", results.opened);
  metrics.begin("connections_failed", "gauge", "Connections failed, by kind of failure.");
  for (std::size_t kind = 0; kind < kFailures; ++kind) {
    metrics.add_sample("", label("kind", name_of(static_cast<Failure>(kind))),
                       std::to_string(results.failures.at(kind)));
  }
  metrics.add_summary("connect_seconds", "Time to open a connection.", results.connect);
}

void add_path(Exposition& metrics, const PathResults& path) {
  if (!path.is_known()) return;
  metrics.add_gauge("retransmits", "Segments sent again by this client.", path.retransmits);
  if (path.readings == 0) return;
  metrics.add_gauge("round_trip_seconds", "Smoothed round trip of TCP, mean of the connections.",
                    seconds_of(path.mean_round_trip()));
  metrics.add_gauge("congestion_window", "Congestion window in segments, mean.",
                    path.mean_window());
}

// Ends the text.
std::string finished(Exposition& metrics, WallTime ended) {
  const std::chrono::duration<double> since_epoch = ended.time_since_epoch();
  metrics.add_gauge("end_timestamp_seconds", "Time at which the measurement ended, in Unix time.",
                    format_decimal(since_epoch.count(), 3));
  return metrics.text() + "# EOF\n";
}

}  // namespace

std::string format_openmetrics(const LoadSettings& settings, const LoadResults& results,
                               WallTime ended) {
  Exposition metrics(settings);
  add_exact(metrics, results.is_exact());
  metrics.add_gauge("elapsed_seconds", "Time measured.", seconds_of(results.elapsed));
  add_messages(metrics, results);
  add_connections(metrics, results);
  add_path(metrics, results.path);
  if (results.ran > Duration{0}) {
    metrics.add_gauge("cpu_seconds", "CPU time of this client.", seconds_of(results.cpu));
  }
  return finished(metrics, ended);
}

std::string format_openmetrics_error(const LoadSettings& settings, WallTime ended) {
  Exposition metrics(settings);
  add_exact(metrics, false);
  return finished(metrics, ended);
}

}  // namespace echo
