#include "echo/programs/client_options.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/base/usage_error.h"
#include "echo/load/pattern.h"

namespace echo {
namespace {

constexpr std::uint64_t kMaxConnections = 1'000'000;
constexpr std::uint64_t kMaxMessages = 1'000'000'000'000;
constexpr std::uint64_t kMaxDepth = 1'000'000;
constexpr std::uint64_t kMaxRate = 10'000'000;
constexpr std::size_t kMaxSize = 1UL << 30;
constexpr Duration kMinSample = std::chrono::milliseconds{1};

OptionTable target_options(ClientOptions& options) {
  ClientSettings& client = options.client;
  LoadSettings& load = options.load;
  return {
      {'H', "host", "ADDR", "the server's name or address",
       [&](auto& value) { client.host = load.host = value.host(); }, client.host},
      {'p', "port", "PORT", "its port, a number or a service's name",
       [&](auto& value) { client.port = load.port = value.port(); }, std::to_string(client.port)},
      {'c', "connections", "N", "how many sockets to open",
       [&](auto& value) {
         client.connections = load.connections = value.number(1, kMaxConnections);
       },
       std::to_string(client.connections) +
           "; where it measures: " + std::to_string(load.connections)},
      {'t', "timeout", "TIME",
       "how long to wait for a connection, and for the whole answer to a message; 0 for ever",
       [&](auto& value) { client.timeout = load.timeout = value.duration(); },
       format_duration(client.timeout)},
      {0, "deadline", "TIME", "end after TIME, whatever is not done by then",
       [&](auto& value) { client.deadline = load.deadline = value.positive_duration(); }},
      {'4', "ipv4", "", "use IPv4 only", [&](auto&) { client.family = load.family = AF_INET; }},
      {'6', "ipv6", "", "use IPv6 only; of the two the last one counts",
       [&](auto&) { client.family = load.family = AF_INET6; }},
  };
}

// Each makes the client measure.
OptionTable measuring_options(ClientOptions& options) {
  LoadSettings& load = options.load;
  return {
      {'n', "count", "N", "each connection says N messages",
       [&](auto& value) { load.count = value.number(1, kMaxMessages); }, "",
       "\nIt measures with one of these three, on messages of its own:\n"},
      {'D', "duration", "TIME", "messages begin for so long",
       [&](auto& value) { load.duration = value.positive_duration(); }},
      {'I', "interval", "TIME", "ping: a message each TIME, and a line for each, with --reconnect",
       [&](auto& value) {
         load.rate = {.count = 1, .period = value.positive_duration()};
         load.reconnect = true;
       }},
  };
}

// They go only with those.
OptionTable load_options(ClientOptions& options) {
  LoadSettings& load = options.load;
  Presentation& presentation = options.presentation;
  return {
      {'s', "size", "SIZE", "of a message, or a range of sizes such as 64-64K",
       [&](auto& value) { load.sizes = value.size_range(kMaxSize); },
       std::to_string(load.sizes.least), "\n"},
      {'P', "pipeline", "DEPTH", "how many messages a connection has in flight",
       [&](auto& value) { load.pipeline = value.number(1, kMaxDepth); },
       std::to_string(load.pipeline) +
           "; at a rate: " + std::to_string(LoadSettings::kPipelineAtRate)},
      {'r', "rate", "N",
       "N messages a second (or N/m, N/h) of all connections, each timed from when it was due",
       [&](auto& value) { load.rate = value.rate(kMaxRate); }},
      {0, "ramp", "TIME", "open the connections over so long",
       [&](auto& value) { load.ramp = value.duration(); }, format_duration(load.ramp)},
      {0, "churn", "", "make a connection for each message", [&](auto&) { load.churn = true; }},
      {0, "idle", "N", "open so many more, which say nothing",
       [&](auto& value) { load.idle = value.number(0, kMaxConnections); },
       std::to_string(load.idle)},
      {0, "half-close", "", "send EOF behind the last message, not after its echo",
       [&](auto&) { load.half_close = true; }},
      {0, "warmup", "TIME", "measure only what begins after so long",
       [&](auto& value) { load.warmup = value.duration(); }, format_duration(load.warmup)},
      {0, "reconnect", "", "make a connection that fails again",
       [&](auto&) { load.reconnect = true; }},
      {0, "histogram", "", "plot the distribution of the latencies too",
       [&](auto&) { presentation.histogram = true; }},
      {0, "ascii", "", "plot it in ASCII, whatever the locale",
       [&](auto&) { presentation.ascii = true; }},
      {0, "json", "", "print the results as one JSON object",
       [&](auto&) { presentation.format = OutputFormat::kJson; }},
      {0, "csv", "", "print the figures of each sample as a line",
       [&](auto&) { presentation.format = OutputFormat::kCsv; }},
      {0, "sample", "TIME", "how long a sample of --csv, --json or --svg is, from 1ms on",
       [&](auto& value) {
         presentation.sample = value.duration();
         // The client does nothing else while it sums one up.
         if (*presentation.sample < kMinSample) value.reject("out of range (1ms at least)");
       },
       format_duration(Presentation::kDefaultSample) + "; --json: none"},
      {0, "svg", "FILE", "draw latencies and throughput over time",
       [&](auto& value) {
         presentation.svg = value.text;
         if (value.text.empty()) value.reject("not the name of a file");
         if (value.text == "-") {
           value.reject("not the name of a file; standard output has the results");
         }
       }},
      {0, "seed", "N", "send the bytes of the run that had this seed",
       [&](auto& value) { options.seed = value.number(0, Pattern::kMaxSeed); },
       "another one for each run"},
  };
}

OptionTable log_options(ClientOptions& options) {
  return {
      {'v', "verbose", "", "tell more; where it measures, of every failure",
       [&](auto&) { options.log_level = LogLevel::kDebug; }, "", "\n"},
      {0, "quiet", "", "tell only of errors, and the results",
       [&](auto&) { options.log_level = LogLevel::kError; }},
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

bool is_address(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// "127.0.0.1", "[::1]:7", "localhost", "echo.example.net:7": what few messages look like.
bool looks_like_host(std::string text) {
  const std::size_t digits = text.find_last_not_of("0123456789") + 1;
  if (digits > 1 && text[digits - 1] == ':' && !is_address(text)) text.resize(digits - 1);
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text == "localhost" || is_address(text)) return true;
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  const auto is_in_name = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.';
  };
  // A name in a domain, of which the last part, and no number of a version, is of letters.
  const std::size_t point = text.rfind('.');
  return point != std::string::npos && point > 0 && point + 2 < text.size() &&
         std::all_of(text.begin(), text.end(), is_in_name) &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(point) + 1, text.end(), is_letter);
}

std::string host_hint(const std::string& message) {
  return "'" + message + "' is sent as a message; the server is named by --host";
}

std::string option_named(std::string_view option) {
  return std::string("option '--").append(option) + "'";
}

void finish_talking(const Given& given, ClientOptions& options) {
  for (const Option& option : load_options(options)) {
    if (given.has(option.name)) {
      throw UsageError(option_named(option.name) +
                       " goes only with --count, --duration or --interval");
    }
  }
  ClientSettings& client = options.client;
  if (!given.arguments.empty()) client.messages = given.arguments;
  client.from_input = client.messages == std::vector<std::string>{"-"};
  if (client.from_input) client.messages.clear();
  if (!client.messages.empty() && !given.has("host") && looks_like_host(client.messages.front())) {
    options.hint = host_hint(client.messages.front());
  }
  for (const std::string& message : client.messages) {
    if (message == "-") throw UsageError("'-' (standard input) goes with no other message");
    if (message.empty()) throw UsageError("a message is '', and nothing would come back of it");
  }
}

void refuse_clashes(const Given& given, const LoadSettings& load) {
  using Clash = std::pair<std::string_view, std::string_view>;
  constexpr std::array<Clash, 7> kClashes{{{"rate", "interval"},
                                           {"pipeline", "churn"},
                                           {"ramp", "interval"},
                                           {"warmup", "interval"},
                                           {"json", "csv"},
                                           {"histogram", "json"},
                                           {"histogram", "csv"}}};
  for (const auto& [one, other] : kClashes) {
    if (given.has(one) && given.has(other)) {
      throw UsageError(option_named(one) + " does not go with " + option_named(other));
    }
  }
  if (given.has("interval") && load.connections > 1) {
    throw UsageError("option '--interval' has one connection, not " +
                     std::to_string(load.connections));
  }
  if (given.has("ramp") && given.has("churn") && given.has("rate")) {
    throw UsageError("option '--ramp' does not go with --churn and --rate together");
  }
  if (given.has("duration") && load.ramp > load.warmup + load.duration) {
    throw UsageError("option '--ramp' is longer than --warmup and --duration together");
  }
  if (given.has("ascii") && !given.has("histogram")) {
    throw UsageError("option '--ascii' goes only with --histogram");
  }
  if (given.has("sample") && !given.has("csv") && !given.has("json") && !given.has("svg")) {
    throw UsageError("option '--sample' goes only with --csv, --json or --svg");
  }
}

void finish_measuring(const Given& given, ClientOptions& options) {
  if (!given.arguments.empty()) {
    const std::string& first = given.arguments.front();
    throw UsageError("'" + first + "': a client that measures has messages of its own" +
                     (looks_like_host(first) ? "; the server is named by --host" : ""));
  }
  LoadSettings& load = options.load;
  refuse_clashes(given, load);
  if (load.rate.count > 0 && !given.has("pipeline")) load.pipeline = LoadSettings::kPipelineAtRate;
  OutputFormat& format = options.presentation.format;
  if (given.has("interval") && format == OutputFormat::kTable) format = OutputFormat::kPing;
}

}  // namespace

ClientOptions parse_client_options(int argc, char* const* argv) {
  ClientOptions options;
  const Given given = walk_command_line(argc, argv, client_table(options));
  options.action = given.action;
  if (given.action != Action::kRun) return options;
  if (options.load.port == 0) throw UsageError("--port: '0' is no port to connect to");
  options.measures = given.has("count") || given.has("duration") || given.has("interval");
  if (options.measures) {
    finish_measuring(given, options);
  } else {
    finish_talking(given, options);
  }
  return options;
}

std::string client_help() {
  ClientOptions unused;
  return R"(Usage: echo_client [OPTION]... [MESSAGE]...
  or:  echo_client [OPTION]... -
  or:  echo_client {-n N | -D TIME | -I TIME} [OPTION]...
Sends each message on many sockets at once to a TCP echo server, and checks that
every byte comes back as it was sent.

Without a message it sends 'This is the message. ', 'It will be sent ' and
'in parts.', one after the other. With '-' it sends what it reads from standard
input, and with one connection standard output gets the echo. After '--' a
message may begin with '-'.

)" + options_help(client_table(unused)) +
         R"(
Exit status: 0 if every echo was exact, 1 if a connection could not be made,
timed out, closed early, or brought other bytes, 2 for a wrong command line; 130
where Ctrl-C ended a measurement.
)";
}

}  // namespace echo
