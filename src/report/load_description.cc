#include "echo/report/load_description.h"

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "echo/base/escape.h"
#include "echo/base/format.h"
#include "echo/base/time.h"

namespace echo {
namespace {

// At most 50 columns of printable ASCII.
std::string shortened(const std::string& name) {
  constexpr std::size_t kMaxColumns = 50;
  constexpr std::string_view kEllipsis = "...";
  std::string text = escape_unprintable(name);
  if (text.size() > kMaxColumns) {
    text.replace(kMaxColumns - kEllipsis.size(), std::string::npos, kEllipsis);
  }
  return text;
}

std::string rate_of(Rate rate) {
  using Period = std::pair<Duration, std::string_view>;
  constexpr std::array<Period, 3> kNamed{{{std::chrono::seconds{1}, " per second"},
                                          {std::chrono::minutes{1}, " per minute"},
                                          {std::chrono::hours{1}, " per hour"}}};
  for (const auto& [period, text] : kNamed) {
    if (rate.period == period && (rate.count > 1 || period == Rate{}.period)) {
      return format_number(rate.count).append(text);
    }
  }
  const std::string count = rate.count == 1 ? "one" : format_number(rate.count);
  return count + " every " + format_duration(rate.period);
}

std::vector<std::string> parts_of(const LoadSettings& settings, std::optional<std::uint64_t> runs) {
  std::vector<std::string> parts;
  if (runs) parts.push_back(format_number(*runs, "run"));
  parts.push_back(format_number(settings.connections, "connection"));
  const auto add_if = [&parts](bool applies, const std::string& part) {
    if (applies) parts.push_back(part);
  };
  add_if(settings.all_addresses, "shared among the addresses");
  const std::string origin = describe_origin(settings);
  add_if(!origin.empty(), origin);
  add_if(settings.ramp > Duration{0}, "opened over " + format_duration(settings.ramp));
  add_if(settings.connect_only, "each closed at once");
  add_if(settings.churn && !settings.connect_only, "a new one for each message");
  add_if(settings.reconnect, "reopened after a failure");
  add_if(settings.half_close, "half-closed at the end");
  add_if(settings.idle > 0, format_number(settings.idle, "idle connection"));
  add_if(!settings.connect_only,
         (settings.text ? "lines of " : "messages of ") + describe_sizes(settings.sizes));
  add_if(!settings.data_file.empty(), "the contents of " + shortened(settings.data_file));
  add_if(settings.rate.count > 0,
         rate_of(settings.rate) + (settings.poisson ? " at random times" : ""));
  add_if(settings.no_catch_up, "late ones skipped");
  add_if(!settings.churn && settings.rate.count == 0,
         format_number(settings.pipeline) + " in flight per connection");
  add_if(settings.count > 0, format_number(settings.count, noun_of(settings)) +
                                 (settings.connect_only ? " each" : " per connection"));
  add_if(settings.duration > Duration{0}, "for " + format_duration(settings.duration));
  add_if(settings.warmup > Duration{0}, "after a warm-up of " + format_duration(settings.warmup));
  return parts;
}

}  // namespace

std::string describe_origin(const LoadSettings& settings) {
  const auto& [addresses, device, dscp] = settings.origin;
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (addresses.size() == 1) add("from " + addresses.front().host());
  if (addresses.size() > 1) add("from " + format_number(addresses.size()) + " addresses in turn");
  if (!device.empty()) add("through " + shortened(device));
  if (dscp) add("DSCP " + std::to_string(*dscp));
  return text;
}

std::string describe_target(const LoadSettings& settings) {
  return shortened(settings.host) + " port " + std::to_string(settings.port);
}

std::string_view noun_of(const LoadSettings& settings) {
  return settings.connect_only ? "attempt" : "message";
}

std::string describe_sizes(SizeRange sizes) {
  const std::string most = format_number(sizes.most, "byte");
  return sizes.least == sizes.most ? most : format_number(sizes.least) + " to " + most;
}

std::vector<std::string> describe_load(const LoadSettings& settings, std::size_t columns,
                                       std::optional<std::uint64_t> runs) {
  std::vector<std::string> lines;
  for (const std::string& part : parts_of(settings, runs)) {
    if (lines.empty()) {
      lines.push_back(part);
    } else if (lines.back().size() + 2 + part.size() + 1 <= columns) {
      lines.back() += ", " + part;
    } else {
      lines.back() += ",";
      lines.push_back(part);
    }
  }
  return lines;
}

std::string describe_wait(const LoadSettings& settings, const LoadResults& results) {
  using Phase = LoadResults::Phase;
  const bool connects = results.opened == 0 && results.failed() == 0;
  if (connects || results.phase == Phase::kConnecting) {
    return "connecting, " + std::to_string(results.open) + " of " +
           std::to_string(settings.connections + settings.idle) + " open";
  }
  return results.phase == Phase::kWarmup ? "warming up" : "";
}

}  // namespace echo
