#include "echo/report/table.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "echo/base/escape.h"
#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/client/failure.h"
#include "echo/load/histogram.h"
#include "echo/report/figures.h"
#include "echo/report/load_description.h"
#include "echo/report/warnings.h"

namespace echo {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kLabel = 14;
constexpr std::size_t kFigure = 14;
constexpr std::size_t kLatency = 8;

// "Messages             1,234  sent": a label, a figure, and its meaning.
std::string row(std::string_view label, std::string_view figure, std::string_view what) {
  return align_left(label, kLabel) + align_right(figure, kFigure) + "  " + std::string(what) + "\n";
}

std::string row(std::string_view label, std::uint64_t figure, std::string_view what) {
  return row(label, format_number(figure), what);
}

std::string head(const LoadSettings& settings, const LoadResults& results) {
  std::optional<std::uint64_t> runs;
  if (results.earlier) runs = results.earlier->count;
  std::string text = align_left("Target", kLabel) + describe_target(settings) + "\n";
  std::string_view label = "Load";
  for (const std::string& line : describe_load(settings, kColumns - kLabel, runs)) {
    text += align_left(label, kLabel) + line + "\n";
    label = "";
  }
  return text;
}

std::string messages(const LoadSettings& settings, const LoadResults& results) {
  const bool connects = settings.connect_only;
  std::string text =
      row(connects ? "Attempts" : "Messages", results.sent, connects ? "begun" : "sent") +
      row("", results.received, connects ? "connected" : "received, every byte exact") +
      row("", results.lost, "lost");
  if (results.unsent > 0) {
    text +=
        row("", results.unsent, connects ? "requested but not begun" : "requested but not sent");
  }
  if (settings.no_catch_up) text += row("", results.skipped, "skipped, because they were late");
  if (results.in_flight() == 0) return text;
  return text + row("", results.in_flight(), "still in flight") +
         row("", format_latency(results.oldest_in_flight), "age of the oldest");
}

std::string counts(const LoadSettings& settings, const LoadResults& results) {
  std::string text = row("Connections", results.opened, "opened") +
                     row("", results.most_open, "open at the same time, at most") +
                     row("", results.failed(), "failed");
  if (results.not_open > 0) text += row("", results.not_open, "not open yet");
  if (results.resets_after_echo > 0) {
    text += row("", results.resets_after_echo, "reset by the server after the echo");
  }
  return text + messages(settings, results);
}

std::string throughput(const LoadSettings& settings, const LoadResults& results) {
  const std::string rate = format_figure(per_second(results.received, results.elapsed));
  if (settings.connect_only) return row("Throughput", rate, "connections/s");
  return row("Bytes", format_bytes(results.bytes), "each way") +
         row("Throughput", rate, "messages/s") +
         row("", format_byte_rate(per_second(results.bytes, results.elapsed)), "each way");
}

std::string network(const LoadResults& results) {
  const PathResults& path = results.path;
  if (!path.is_known()) return "";
  std::string text = row("Network", path.retransmits, "segments retransmitted by this client");
  if (path.readings == 0) return text;
  return text +
         row("", format_latency(path.mean_round_trip()),
             "smoothed round trip (mean; max " + format_latency(path.round_trip_max) + ")") +
         row("", path.mean_window(),
             "segments in the congestion window (mean; min " + format_number(path.window_min) +
                 ")");
}

// Processor time as a percentage of the elapsed time: 100% is one whole processor.
std::string processor_share(Duration part, const LoadResults& results) {
  if (results.ran <= Duration{0}) return "-";
  const double share = static_cast<double>(part.count()) / static_cast<double>(results.ran.count());
  return format_decimal(100 * share, 0) + "%";
}

std::string processor(const LoadResults& results) {
  std::string text =
      row("CPU", processor_share(results.cpu, results),
          results.earlier ? "of one core, used by all runs" : "of one core, used by this client");
  if (results.waited) {
    const auto runs = static_cast<Duration::rep>(results.earlier ? results.earlier->count : 1);
    text += row("", processor_share(results.waited->time / runs, results),
                "of the time waiting for a core");
  }
  for (const std::string& warning : warnings_of(results)) text += "Warning: " + warning + ".\n";
  return text;
}

std::string errors(const LoadSettings& settings, const LoadResults& results) {
  if (results.is_exact()) return row("Errors", "none", "of any kind");
  std::string text;
  const auto add = [&text](std::uint64_t count, std::string_view kind) {
    if (count > 0) text += row(text.empty() ? "Errors" : "", count, kind);
  };
  for (std::size_t kind = 0; kind < kFailures; ++kind) {
    add(results.failures[kind], name_of(static_cast<Failure>(kind)));
  }
  add(results.lost, settings.connect_only ? "lost attempts" : "lost messages");
  add(results.not_open, "connections not open");
  if (results.has_no_answer()) {
    add(results.in_flight(), settings.connect_only ? "attempts begun, none connected"
                                                   : "messages sent, no echo received");
  } else if (results.earlier) {
    add(results.earlier->unanswered, "runs without an echo");
  }
  if (results.is_past_deadline) text += row(text.empty() ? "Errors" : "", 1, "deadline passed");
  const auto mismatches = results.failures.at(static_cast<std::size_t>(Failure::kMismatch));
  // Each earlier run has its own seed, and the user's data has none.
  if (mismatches > 0 && !settings.data && !results.earlier) {
    text += row("Seed", std::to_string(settings.seed), "repeats these bytes (--seed)");
  }
  return text;
}

std::string refusals(const LoadResults& results) {
  std::string text;
  for (const std::string& refusal : results.refusals) {
    text += "Warning: cannot connect to " + refusal + "\n";
  }
  return text;
}

std::string latency_row(std::string_view label, const std::vector<std::string>& cells) {
  std::string text = align_left(label, kLabel);
  for (const std::string& cell : cells) text += align_right(cell, kLatency);
  return text + "\n";
}

std::string latency_row(std::string_view label, const Histogram& histogram) {
  std::vector<std::string> cells{format_latency(histogram, histogram.min())};
  for (const Percentile& percentile : kPercentiles) {
    cells.push_back(format_latency(histogram, histogram.percentile(percentile.per_ten_thousand)));
  }
  cells.push_back(format_latency(histogram, histogram.max()));
  cells.push_back(format_latency(histogram, histogram.mean()));
  return latency_row(label, cells);
}

std::string latencies(const LoadSettings& settings, const LoadResults& results) {
  std::string rows =
      latency_row("Connect time", results.connect) + latency_row("Latency", results.latency);
  if (settings.rate.count > 0) rows += latency_row("Sent late", results.lateness);
  std::vector<std::string> names{"min"};
  for (const Percentile& percentile : kPercentiles) names.emplace_back(percentile.name);
  names.insert(names.end(), {"max", "mean"});
  return "\n" + latency_row("", names) + rows;
}

// The results of each address, in columns below a head. A long address has a line of its own.
std::string addresses(const LoadResults& results) {
  if (results.addresses.empty()) return "";
  static constexpr std::size_t kAddress = 19;
  static constexpr std::size_t kMessages = 11;
  const auto line = [](std::string text, const std::vector<std::string>& messages,
                       const std::vector<std::string>& cells) {
    if (text.size() > kAddress) text += "\n" + std::string(kAddress, ' ');
    text.resize(std::max(text.size(), kAddress), ' ');
    for (const std::string& count : messages) text += align_right(count, kMessages);
    for (const std::string& cell : cells) text += align_right(cell, kLatency);
    return text + "\n";
  };
  std::string text =
      "\n" + line("Address", {"sent", "received"}, {"lost", "failed", "p50", "p99", "max"});
  for (const AddressResults& each : results.addresses) {
    const Histogram& latency = each.latency;
    text += line(each.address, {format_number(each.sent), format_number(each.received)},
                 {format_number(each.lost), format_number(each.failed),
                  format_latency(latency, latency.percentile(Histogram::kMedian)),
                  format_latency(latency, latency.percentile(Histogram::kP99)),
                  format_latency(latency, latency.max())});
  }
  return text;
}

// The percentage of sent messages without an answer. As in ping(8), messages in flight count as
// lost.
std::string loss(std::uint64_t sent, std::uint64_t received) {
  return sent == 0 ? "" : ", " + format_percent(sent - received, sent) + " lost";
}

// "4 messages sent, 3 received".
std::string sent_and_received(const LoadSettings& settings, std::uint64_t sent,
                              std::uint64_t received) {
  return format_count(sent, noun_of(settings)) + (settings.connect_only ? "" : " sent") + ", " +
         std::to_string(received) + (settings.connect_only ? " connected" : " received");
}

std::string milliseconds(Duration time) {
  return std::to_string(std::chrono::round<std::chrono::milliseconds>(time).count()) + " ms";
}

std::string round_trips(const Histogram& latency) {
  if (latency.count() == 0) return "";
  return "rtt min/avg/max/mdev = " + format_milliseconds(latency.min()) + "/" +
         format_milliseconds(latency.mean()) + "/" + format_milliseconds(latency.max()) + "/" +
         format_milliseconds(latency.deviation()) + " ms\n";
}

}  // namespace

std::string format_report(const LoadSettings& settings, const LoadResults& results) {
  return head(settings, results) + "\n" +
         row("Elapsed", format_latency(results.elapsed),
             results.interrupted        ? "until interrupted"
             : results.is_past_deadline ? "until the deadline"
                                        : "measured") +
         counts(settings, results) + throughput(settings, results) + network(results) +
         processor(results) + errors(settings, results) + refusals(results) +
         latencies(settings, results) + addresses(results);
}

std::string format_ping_summary(const LoadSettings& settings, const LoadResults& results) {
  std::string text = "--- " + escape_controls(settings.host) + " port " +
                     std::to_string(settings.port) +
                     (settings.connect_only ? " connection" : " echo") + " statistics ---\n" +
                     sent_and_received(settings, results.sent, results.received) +
                     loss(results.sent, results.received);
  if (results.in_flight() > 0) {
    text += " (" + std::to_string(results.in_flight()) + " in flight)";
  }
  if (results.unsent > 0) text += " (" + std::to_string(results.unsent) + " more not sent)";
  if (results.skipped > 0) text += " (" + std::to_string(results.skipped) + " skipped)";
  if (results.not_open > 0) text += " (connection not open yet)";
  text += ", time " + milliseconds(results.elapsed);
  if (results.failed() > 0) text += ", " + format_count(results.failed(), "error");
  if (results.path.retransmits > 0) {
    text += ", " + format_count(results.path.retransmits, "retransmit");
  }
  text += "\n" + round_trips(results.latency);
  for (const AddressResults& each : results.addresses) {
    text += each.address + ": " + sent_and_received(settings, each.sent, each.received) +
            loss(each.sent, each.received) + "\n" + round_trips(each.latency);
  }
  return text;
}

std::string format_status(const LoadSettings& settings, const LoadResults& results) {
  const std::string wait = describe_wait(settings, results);
  std::string text = wait.empty() ? format_latency(results.elapsed) : wait;
  text += ": " + sent_and_received(settings, results.sent, results.received) + ", " +
          std::to_string(results.lost) + " lost, " + format_count(results.failed(), "error");
  if (results.latency.count() == 0) return text;
  return text + ", latency p50 " + format_latency(results.latency.percentile(Histogram::kMedian)) +
         ", max " + format_latency(results.latency.max());
}

}  // namespace echo
