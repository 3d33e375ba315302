#include "echo/report/load_description.h"

#include "echo/base/escape.h"
#include "echo/base/format.h"
#include "echo/base/time.h"

namespace echo {
namespace {

std::string rate_of(Rate rate) {
  if (rate.period == Rate{}.period) return format_number(rate.count) + " per second";
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
  add_if(settings.all_addresses, "the same number to each address");
  const std::vector<Endpoint>& sources = settings.origin.addresses;
  add_if(sources.size() == 1, "from " + (sources.empty() ? "" : sources.front().host()));
  add_if(sources.size() > 1, "from " + format_number(sources.size()) + " addresses in turn");
  add_if(!settings.origin.device.empty(), "through " + escape_unprintable(settings.origin.device));
  add_if(settings.origin.dscp.has_value(),
         "DSCP " + std::to_string(settings.origin.dscp.value_or(0)));
  add_if(settings.ramp > Duration{0}, "opened over " + format_duration(settings.ramp));
  add_if(settings.connect_only, "closed as soon as they are open");
  add_if(settings.churn && !settings.connect_only, "a new one for each message");
  add_if(settings.reconnect, "reopened after a failure");
  add_if(settings.half_close, "half-closed at the end");
  add_if(settings.idle > 0, format_number(settings.idle, "idle connection"));
  add_if(!settings.connect_only,
         (settings.text ? "lines of " : "messages of ") + describe_sizes(settings.sizes));
  add_if(!settings.data_file.empty(), "the contents of " + escape_unprintable(settings.data_file));
  add_if(settings.rate.count > 0,
         rate_of(settings.rate) + (settings.poisson ? " at random times" : ""));
  add_if(settings.no_catch_up, "none late");
  add_if(!settings.churn && settings.rate.count == 0,
         format_number(settings.pipeline) + " in flight per connection");
  add_if(settings.count > 0, format_number(settings.count, noun_of(settings)) +
                                 (settings.connect_only ? " each" : " per connection"));
  add_if(settings.duration > Duration{0}, "for " + format_duration(settings.duration));
  add_if(settings.warmup > Duration{0}, "after a warm-up of " + format_duration(settings.warmup));
  return parts;
}

}  // namespace

std::string describe_target(const LoadSettings& settings) {
  constexpr std::size_t kMaxColumns = 50;
  constexpr std::string_view kEllipsis = "...";
  std::string host = escape_unprintable(settings.host);
  if (host.size() > kMaxColumns) {
    host.replace(kMaxColumns - kEllipsis.size(), std::string::npos, kEllipsis);
  }
  return host + " port " + std::to_string(settings.port);
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
