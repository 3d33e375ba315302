#include "echo/programs/client_options.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/base/usage_error.h"
#include "echo/client/target.h"
#include "echo/load/pattern.h"
#include "echo/os/endpoint.h"
#include "echo/programs/client_table.h"
#include "echo/report/json_results.h"

namespace echo {
namespace {

bool is_numeric(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// "127.0.0.1", "[::1]:7", "localhost", "echo.example.net:7": texts that are rarely messages.
bool looks_like_host(std::string text) {
  const std::size_t digits = text.find_last_not_of("0123456789") + 1;
  if (digits > 1 && text[digits - 1] == ':' && !is_numeric(text)) text.resize(digits - 1);
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text == "localhost" || is_numeric(text)) return true;
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  const auto is_in_name = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.';
  };
  // A name with a domain. Its last part has only letters, unlike a version number.
  const std::size_t point = text.rfind('.');
  return point != std::string::npos && point > 0 && point + 2 < text.size() &&
         std::all_of(text.begin(), text.end(), is_in_name) &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(point) + 1, text.end(), is_letter);
}

std::string host_hint(const std::string& message) {
  return "'" + message + "' is sent as a message; use --host to name the server";
}

// If all addresses of --bind have one family, only this family of the server is of use.
void choose_family(Target& target) {
  const std::vector<Endpoint>& addresses = target.origin.addresses;
  if (addresses.empty()) return;
  const auto has = [&](int family) {
    return std::any_of(addresses.begin(), addresses.end(),
                       [family](const Endpoint& each) { return each.family() == family; });
  };
  const int family = has(AF_INET) && has(AF_INET6) ? AF_UNSPEC : addresses.front().family();
  if (target.family != AF_UNSPEC && target.family != family) {
    throw UsageError(std::string("option '--bind' needs addresses of the family that ") +
                     (target.family == AF_INET ? "--ipv4" : "--ipv6") + " chooses");
  }
  target.family = family;
}

std::string option_named(std::string_view option) {
  return std::string("option '--").append(option) + "'";
}

void finish_talking(const Given& given, ClientOptions& options) {
  for (const Option& option : load_options(options)) {
    if (given.has(option.name)) {
      throw UsageError(option_named(option.name) + " needs --count, --duration or --interval");
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
    if (message == "-") throw UsageError("'-' (standard input) cannot be combined with a message");
    if (message.empty()) throw UsageError("MESSAGE '' is empty; send at least one byte");
  }
}

void refuse_clashes(const Given& given, const LoadSettings& load) {
  using Clash = std::pair<std::string_view, std::string_view>;
  constexpr auto kClashes = std::to_array<Clash>({{"rate", "interval"},
                                                  {"connect", "size"},
                                                  {"connect", "text"},
                                                  {"connect", "data"},
                                                  {"data", "size"},
                                                  {"data", "text"},
                                                  {"connect", "pipeline"},
                                                  {"connect", "half-close"},
                                                  {"connect", "idle"},
                                                  {"pipeline", "churn"},
                                                  {"ramp", "interval"},
                                                  {"warmup", "interval"},
                                                  {"json", "csv"},
                                                  {"openmetrics", "json"},
                                                  {"openmetrics", "csv"},
                                                  {"histogram", "json"},
                                                  {"histogram", "csv"},
                                                  {"histogram", "openmetrics"}});
  for (const auto& [one, other] : kClashes) {
    if (given.has(one) && given.has(other)) {
      throw UsageError(option_named(one) + " cannot be combined with " + option_named(other));
    }
  }
  if (given.has("interval") && load.connections > 1) {
    throw UsageError("option '--interval' uses one connection, not " +
                     std::to_string(load.connections));
  }
  for (const std::string_view option : {"poisson", "no-catch-up"}) {
    if (given.has(option) && load.rate.count == 0) {
      throw UsageError(option_named(option) + " needs --rate or --interval");
    }
  }
  if (given.has("ramp") && given.has("churn") && given.has("rate")) {
    throw UsageError("option '--ramp' cannot be combined with --churn and --rate together");
  }
  if (given.has("duration") && load.ramp > load.warmup + load.duration) {
    throw UsageError("option '--ramp' is longer than --warmup and --duration together");
  }
  if (load.text && load.sizes.most > Pattern::kMaxLine) {
    throw UsageError("option '--text' needs a --size of at most " +
                     std::to_string(Pattern::kMaxLine / 1024) + "K");
  }
  if (given.has("ascii") && !given.has("histogram")) {
    throw UsageError("option '--ascii' needs --histogram");
  }
  if (given.has("sample") && !given.has("csv") && !given.has("json") && !given.has("svg")) {
    throw UsageError("option '--sample' needs --csv, --json or --svg");
  }
}

void finish_measuring(const Given& given, ClientOptions& options) {
  if (!given.arguments.empty()) {
    const std::string& first = given.arguments.front();
    throw UsageError("MESSAGE '" + first +
                     "' cannot be combined with --count, --duration or --interval" +
                     (looks_like_host(first) ? "; use --host to name the server" : ""));
  }
  LoadSettings& load = options.load;
  refuse_clashes(given, load);
  if (load.rate.count > 0 && !given.has("pipeline")) load.pipeline = LoadSettings::kPipelineAtRate;
  OutputFormat& format = options.presentation.format;
  if (given.has("interval") && format == OutputFormat::kTable) format = OutputFormat::kPing;
}

void finish_merging(const Given& given, ClientOptions& options) {
  constexpr auto kAllowed = std::to_array<std::string_view>(
      {"merge", "histogram", "ascii", "json", "openmetrics", "hdr", "expect", "verbose", "quiet"});
  for (const std::string_view option : given.options) {
    if (std::find(kAllowed.begin(), kAllowed.end(), option) == kAllowed.end()) {
      throw UsageError(option_named(option) + " cannot be combined with option '--merge'");
    }
  }
  refuse_clashes(given, options.load);
  if (given.arguments.empty()) throw UsageError("option '--merge' needs a FILE with results");
  if (std::find(given.arguments.begin(), given.arguments.end(), "-") != given.arguments.end()) {
    throw UsageError("'-' is not a FILE with results; use /dev/stdin");
  }
  if (given.arguments.size() > EndedRun::kMaxMerged) {
    throw UsageError("option '--merge' takes at most " + std::to_string(EndedRun::kMaxMerged) +
                     " files, not " + std::to_string(given.arguments.size()));
  }
  options.files = given.arguments;
}

}  // namespace

ClientOptions parse_client_options(int argc, char* const* argv) {
  ClientOptions options;
  const Given given = walk_command_line(argc, argv, client_table(options));
  options.action = given.action;
  if (given.action != Action::kRun) return options;
  if (given.has("merge")) {
    finish_merging(given, options);
    return options;
  }
  if (options.load.port == 0) throw UsageError("--port: '0' is not a port to connect to");
  choose_family(options.client);
  choose_family(options.load);
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
  return R"(Usage: echo_client [OPTION]... [MESSAGE]...                send messages
   or: echo_client [OPTION]... -                           stream standard input
   or: echo_client {-n N | -D TIME | -I TIME} [OPTION]...  measure
   or: echo_client --merge [OPTION]... FILE...             merge JSON results
Checks every byte that a TCP echo server sends back, on many sockets at once.
Without MESSAGE it sends three short messages. Options end at '--'.
)" + options_help(client_table(unused)) +
         R"(Exit status: 0 every echo exact, 1 failure, 2 wrong command line,
3 an --expect does not hold, 130 Ctrl-C.
Examples:
  echo_client -H example.net -p 7 hello          send "hello", check the echo
  echo_client -I 1s                              ping the server
  echo_client -I 1s --connect -p ssh             ping any TCP port
  echo_client -c 50 -D 10s                       measure throughput and latency
  echo_client -c 50 -r 20K -D 10s --histogram    measure latency at a fixed rate
)";
}

}  // namespace echo
