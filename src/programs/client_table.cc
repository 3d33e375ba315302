#include "echo/programs/client_table.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/format.h"
#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/client/client.h"
#include "echo/load/load_settings.h"
#include "echo/load/pattern.h"
#include "echo/os/log.h"
#include "echo/report/expectation.h"
#include "echo/report/presentation.h"

namespace echo {
namespace {

constexpr std::size_t kMaxConnections = 1'000'000;
constexpr std::uint64_t kMaxMessages = 1'000'000'000'000;
constexpr std::size_t kMaxDepth = 1'000'000;
constexpr std::uint64_t kMaxRate = 10'000'000;
constexpr std::size_t kMaxSize = 1UL << 30;
constexpr Duration kMinSample = std::chrono::milliseconds{1};

Expectation expectation_of(const OptionValue& value) {
  const auto expectation = parse_expectation(value.text);
  if (expectation) return *expectation;
  if (expectation.error() != ParseError::kMalformed) {
    value.reject("out of range (its limit is too large or has too many decimals)");
  }
  value.reject(
      "not an expectation such as 'p99<5ms', 'loss<0.1%', 'rate>=990' or 'errors<1'; figures: " +
      expectation_figures() + "; operators: <, <=, >, >=");
}

OptionTable target_options(ClientOptions& options) {
  ClientSettings& client = options.client;
  LoadSettings& load = options.load;
  return {
      {'H', "host", "ADDR", "Connect to this name or address",
       [&](auto& value) { client.host = load.host = value.host(); }, client.host, "Connecting:\n"},
      {'p', "port", "PORT", "Connect to this port or service name",
       [&](auto& value) { client.port = load.port = value.port(); }, std::to_string(client.port)},
      {'c', "connections", "N", "Open N connections",
       [&](auto& value) {
         client.connections = load.connections = value.number(1, kMaxConnections);
       },
       std::to_string(client.connections) + "; measuring: " + std::to_string(load.connections)},
      {'B', "bind", "ADDR", "Connect from ADDR, or from several (ADDR,ADDR) in turn",
       [&](auto& value) { client.origin.addresses = load.origin.addresses = value.addresses(); }},
      {0, "interface", "NAME", "Connect through this network interface",
       [&](auto& value) {
         if (value.text.empty()) value.reject("not a network interface");
         client.origin.device = load.origin.device = value.text;
       }},
      {0, "all-addresses", "", "Open N connections to each address; report each",
       [&](auto&) { client.all_addresses = load.all_addresses = true; }},
      {0, "dscp", "CLASS", "Mark packets with a class of service: EF, CS1, 0 to 63",
       [&](auto& value) { client.origin.dscp = load.origin.dscp = value.dscp(); }},
      {'t', "timeout", "TIME", "Limit connect and echo to TIME, 0: none",
       [&](auto& value) { client.timeout = load.timeout = value.duration(); },
       format_duration(client.timeout)},
      {0, "deadline", "TIME", "End after TIME, with status 1 if unfinished",
       [&](auto& value) { client.deadline = load.deadline = value.positive_duration(); }},
      {'4', "ipv4", "", "Use IPv4 only", [&](auto&) { client.family = load.family = AF_INET; }},
      {'6', "ipv6", "", "Use IPv6 only", [&](auto&) { client.family = load.family = AF_INET6; }},
  };
}

// Each of them makes the client measure.
OptionTable measuring_options(ClientOptions& options) {
  LoadSettings& load = options.load;
  return {
      {'n', "count", "N", "Send N messages on each connection",
       [&](auto& value) { load.count = value.number(1, kMaxMessages); }, "",
       "Measuring, with at least one of:\n"},
      {'D', "duration", "TIME", "Send messages for TIME",
       [&](auto& value) { load.duration = value.positive_duration(); }},
      {'I', "interval", "TIME", "Ping: send one message every TIME",
       [&](auto& value) {
         load.rate = {.count = 1, .period = value.positive_duration()};
         load.reconnect = true;
       }},
  };
}

// The file of an option.
std::string file_of(const OptionValue& value) {
  if (value.text.empty()) value.reject("not a file name");
  if (value.text == "-") value.reject("not a file name; standard output carries the results");
  return value.text;
}

OptionTable log_options(ClientOptions& options) {
  return {
      {'v', "verbose", "", "Print more; when measuring, every failure",
       [&](auto&) { options.log_level = LogLevel::kDebug; }, "", "Other:\n"},
      {0, "quiet", "", "Print only errors and results",
       [&](auto&) { options.log_level = LogLevel::kError; }},
  };
}

}  // namespace

OptionTable load_options(ClientOptions& options) {
  LoadSettings& load = options.load;
  Presentation& presentation = options.presentation;
  return {
      {'s', "size", "SIZE", "Send SIZE bytes, or a range such as 64-64K",
       [&](auto& value) { load.sizes = value.size_range(kMaxSize); },
       std::to_string(load.sizes.least), "Load:\n"},
      {0, "text", "", "Send lines of printable text, for line-based services",
       [&](auto&) { load.text = true; }},
      {0, "data", "FILE", "Send the contents of FILE as each message",
       [&](auto& value) {
         load.data_file = value.text;
         if (value.text.empty()) value.reject("not a file name");
         if (value.text == "-") value.reject("not a file name; use /dev/stdin");
       }},
      {'P', "pipeline", "DEPTH", "Limit messages in flight",
       [&](auto& value) { load.pipeline = value.number(1, kMaxDepth); },
       std::to_string(load.pipeline) +
           "; --rate: " + std::to_string(LoadSettings::kPipelineAtRate)},
      {'r', "rate", "N", "Send N messages/s in total (N/m, N/h), on schedule",
       [&](auto& value) { load.rate = value.rate(kMaxRate); }},
      {0, "poisson", "", "Send at random times: --rate is their mean",
       [&](auto&) { load.poisson = true; }},
      {0, "no-catch-up", "", "Skip messages that cannot be sent on schedule",
       [&](auto&) { load.no_catch_up = true; }},
      {0, "ramp", "TIME", "Spread the opening of connections over TIME",
       [&](auto& value) { load.ramp = value.duration(); }},
      {0, "churn", "", "Use a new connection for each message", [&](auto&) { load.churn = true; }},
      {0, "connect", "", "Connect and close, send nothing: for any TCP server",
       [&](auto&) {
         load.connect_only = load.churn = true;
         load.sizes = {.least = 0, .most = 0};
       }},
      {0, "idle", "N", "Keep N additional idle connections open",
       [&](auto& value) { load.idle = value.number(0, kMaxConnections); }},
      {0, "half-close", "", "Send EOF after the last message, before its echo",
       [&](auto&) { load.half_close = true; }},
      {0, "warmup", "TIME", "Exclude the first TIME from the results",
       [&](auto& value) { load.warmup = value.duration(); }},
      {0, "reconnect", "", "Reopen connections that fail", [&](auto&) { load.reconnect = true; }},
      {0, "seed", "N", "Send the same bytes as an earlier run",
       [&](auto& value) { options.seed = value.number(0, Pattern::kMaxSeed); }},
      {0, "histogram", "", "Plot the latency distribution",
       [&](auto&) { presentation.histogram = true; }, "", "Results:\n"},
      {0, "ascii", "", "Plot in ASCII, whatever the locale",
       [&](auto&) { presentation.ascii = true; }},
      {0, "json", "", "Print one JSON object",
       [&](auto&) { presentation.format = OutputFormat::kJson; }},
      {0, "csv", "", "Print one line per sample",
       [&](auto&) { presentation.format = OutputFormat::kCsv; }},
      {0, "openmetrics", "", "Print metrics for Prometheus",
       [&](auto&) { presentation.format = OutputFormat::kOpenMetrics; }},
      {0, "sample", "TIME", "Take a sample every TIME",
       [&](auto& value) {
         presentation.sample = value.duration();
         // The client sends and receives nothing while it sums up a sample.
         if (*presentation.sample < kMinSample) value.reject("out of range (at least 1ms)");
       },
       format_duration(Presentation::kDefaultSample) + "; --json: none"},
      {0, "svg", "FILE", "Draw latency and throughput over time",
       [&](auto& value) { presentation.svg = file_of(value); }},
      {0, "hdr", "FILE", "Write latency percentiles for HdrHistogram plotters",
       [&](auto& value) { presentation.hdr = file_of(value); }},
      {0, "expect", "EXPR", "Exit with 3 unless it holds: 'p99<5ms', 'loss<0.1%'",
       [&](auto& value) { presentation.expectations.push_back(expectation_of(value)); }},
      {0, "merge", "", "Print the results of --json in FILE... as one run", [](auto&) {}},
  };
}

OptionTable client_table(ClientOptions& options) {
  OptionTable table = target_options(options);
  for (const OptionTable& part :
       {measuring_options(options), load_options(options), log_options(options)}) {
    table.insert(table.end(), part.begin(), part.end());
  }
  return table;
}

}  // namespace echo
