#include "echo/programs/client_options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "echo/base/time.h"
#include "echo/base/usage_error.h"
#include "echo/client/target.h"
#include "echo/load/pattern.h"

namespace echo {
namespace {

enum OwnOption {
  kDeadline = kFirstOwnOption,
  kRamp,
  kChurn,
  kIdle,
  kHalfClose,
  kWarmup,
  kReconnect,
  kHistogram,
  kAscii,
  kJson,
  kCsv,
  kSample,
  kSvg,
  kSeed,
};

constexpr option kClientOptions[] = {
    {"host", required_argument, nullptr, 'H'},
    {"port", required_argument, nullptr, 'p'},
    {"connections", required_argument, nullptr, 'c'},
    {"timeout", required_argument, nullptr, 't'},
    {"deadline", required_argument, nullptr, kDeadline},
    {"ipv4", no_argument, nullptr, '4'},
    {"ipv6", no_argument, nullptr, '6'},
    {"count", required_argument, nullptr, 'n'},
    {"duration", required_argument, nullptr, 'D'},
    {"interval", required_argument, nullptr, 'I'},
    {"size", required_argument, nullptr, 's'},
    {"pipeline", required_argument, nullptr, 'P'},
    {"rate", required_argument, nullptr, 'r'},
    {"ramp", required_argument, nullptr, kRamp},
    {"churn", no_argument, nullptr, kChurn},
    {"idle", required_argument, nullptr, kIdle},
    {"half-close", no_argument, nullptr, kHalfClose},
    {"warmup", required_argument, nullptr, kWarmup},
    {"reconnect", no_argument, nullptr, kReconnect},
    {"histogram", no_argument, nullptr, kHistogram},
    {"ascii", no_argument, nullptr, kAscii},
    {"json", no_argument, nullptr, kJson},
    {"csv", no_argument, nullptr, kCsv},
    {"sample", required_argument, nullptr, kSample},
    {"svg", required_argument, nullptr, kSvg},
    {"seed", required_argument, nullptr, kSeed},
    {"verbose", no_argument, nullptr, 'v'},
    {"quiet", no_argument, nullptr, kQuiet},
    {"help", no_argument, nullptr, kHelp},
    {"version", no_argument, nullptr, kVersion},
    {nullptr, 0, nullptr, 0},
};

// What makes it measure, and what goes only with that.
constexpr std::array kMeasuring{'n', 'D', 'I'};
constexpr std::array<int, 16> kOnlyMeasuring{
    's',        'P',    'r',        kRamp, kChurn, kIdle,   kHalfClose, kWarmup,
    kReconnect, kAscii, kHistogram, kJson, kCsv,   kSample, kSvg,       kSeed};

// What does not go together.
constexpr std::array<std::pair<int, int>, 7> kClashes{{
    {'r', 'I'},
    {'P', kChurn},
    {kRamp, 'I'},
    {kWarmup, 'I'},
    {kJson, kCsv},
    {kHistogram, kJson},
    {kHistogram, kCsv},
}};

constexpr std::uint64_t kMaxConnections = 1'000'000;
constexpr std::uint64_t kMaxMessages = 1'000'000'000'000;
constexpr std::uint64_t kMaxDepth = 1'000'000;
constexpr std::uint64_t kDepthAtRate = 100'000;  // As good as no limit, in memory that has one.
constexpr std::uint64_t kMaxRate = 10'000'000;
constexpr std::size_t kMaxSize = 1UL << 30;
constexpr Duration kLeastSample = std::chrono::milliseconds{1};

constexpr std::string_view kClientHelp = R"(Usage: echo_client [OPTION]... [MESSAGE]...
  or:  echo_client [OPTION]... -
  or:  echo_client {-n N | -D TIME | -I TIME} [OPTION]...
Sends each message on many sockets at once to a TCP echo server, and checks that
every byte comes back as it was sent.

Without a message it sends 'This is the message. ', 'It will be sent ' and
'in parts.', one after the other. With '-' it sends what it reads from standard
input, and with one connection standard output gets the echo. After '--' a
message may begin with '-'.

  -H, --host ADDR           the server's name or address (default: localhost)
  -p, --port PORT           its port, a number or a service's name
                            (default: 10000)
  -c, --connections N       how many sockets to open (default: 2; where it
                            measures: 1)
  -t, --timeout TIME        how long to wait for a connection, and for the whole
                            answer to a message; 0 for ever (default: 10s)
      --deadline TIME       end after TIME, whatever is not done by then
  -4, --ipv4                use IPv4 only
  -6, --ipv6                use IPv6 only; of the two the last one counts

It measures with one of these three, on messages of its own:
  -n, --count N             each connection says N messages
  -D, --duration TIME       messages begin for so long
  -I, --interval TIME       ping: a message each TIME, and a line for each, with
                            --reconnect

  -s, --size SIZE           of a message, or a range of sizes such as 64-64K
                            (default: 64)
  -P, --pipeline DEPTH      how many messages a connection has in flight
                            (default: 1; at a rate: 100000)
  -r, --rate N              N messages a second (or N/m, N/h) of all
                            connections, each timed from when it was due
      --ramp TIME           open the connections over so long (default: 0)
      --churn               make a connection for each message
      --idle N              open so many more, which say nothing (default: 0)
      --half-close          send EOF behind the last message, not after its echo
      --warmup TIME         measure only what begins after so long (default: 0)
      --reconnect           make a connection that fails again
      --histogram           plot the distribution of the latencies too
      --ascii               plot it in ASCII, whatever the locale
      --json                print the results as one JSON object
      --csv                 print the figures of each sample as a line
      --sample TIME         how long a sample of --csv, --json or --svg is, from
                            1ms on (default: 1s; --json: none)
      --svg FILE            draw latencies and throughput over time
      --seed N              send the bytes of the run that had this seed
                            (default: another one for each run)

  -v, --verbose             tell more; where it measures, of every failure
      --quiet               tell only of errors, and the results
      --help                show this text and exit
      --version             show the version and exit

A number may have decimals. TIME has ns, us, ms, s, m or h; without a unit it
counts seconds. SIZE is in bytes, or has K, M or G (powers of 1,024); N may have
K, M or G (powers of 1,000).

Exit status: 0 if every echo was exact, 1 if a connection could not be made,
timed out, closed early, or brought other bytes, 2 for a wrong command line; 130
where Ctrl-C ended a measurement.
)";

const std::vector<std::string>& default_messages() {
  static const std::vector<std::string> kMessages{"This is the message. ", "It will be sent ",
                                                  "in parts."};
  return kMessages;
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

// A command line, option by option.
class Parser {
 public:
  Parser(int argc, char* const* argv) : walk_(argc, argv, kClientOptions) {
    target_.host = "localhost";
    target_.port = 10000;
    target_.family = AF_UNSPEC;
    target_.timeout = std::chrono::seconds{10};
  }

  ClientOptions parse() {
    for (int val = walk_.next(); val != -1; val = walk_.next()) {
      given_.insert(val);
      if (val == kHelp || val == kVersion) {
        options_.action = val == kHelp ? Action::kHelp : Action::kVersion;
        return options_;
      }
      if (!take_common(val) && !take_load(val)) take_presentation(val);
    }
    if (target_.port == 0) throw UsageError("--port: '0' is no port to connect to");
    options_.measures =
        std::any_of(kMeasuring.begin(), kMeasuring.end(), [&](int val) { return is_given(val); });
    if (options_.measures) {
      finish_measuring();
    } else {
      finish_talking();
    }
    return options_;
  }

 private:
  bool take_common(int val) {
    switch (val) {
      case 'H':
        target_.host = host_value("--host", walk_.value());
        return true;
      case 'p':
        target_.port = port_value("--port", walk_.value());
        return true;
      case 'c':
        target_.connections = number_value("--connections", walk_.value(), 1, kMaxConnections);
        return true;
      case 't':
        target_.timeout = duration_value("--timeout", walk_.value());
        return true;
      case kDeadline:
        target_.deadline = positive_duration_value("--deadline", walk_.value());
        return true;
      case '4':
        target_.family = AF_INET;
        return true;
      case '6':
        target_.family = AF_INET6;
        return true;
      case 'v':
        options_.log_level = LogLevel::kDebug;
        options_.presentation.quiet = false;
        return true;
      case kQuiet:
        options_.log_level = LogLevel::kError;
        options_.presentation.quiet = true;
        return true;
      default:
        return false;
    }
  }

  bool take_load(int val) {
    LoadSettings& load = options_.load;
    switch (val) {
      case 'n':
        load.count = number_value("--count", walk_.value(), 1, kMaxMessages);
        return true;
      case 'D':
        load.duration = positive_duration_value("--duration", walk_.value());
        return true;
      case 'I':
        load.rate = {.count = 1, .period = positive_duration_value("--interval", walk_.value())};
        return true;
      case 's':
        load.sizes = size_range_value("--size", walk_.value(), kMaxSize);
        return true;
      case 'P':
        load.pipeline = number_value("--pipeline", walk_.value(), 1, kMaxDepth);
        return true;
      case 'r':
        load.rate = rate_value("--rate", walk_.value(), kMaxRate);
        return true;
      case kRamp:
        load.ramp = duration_value("--ramp", walk_.value());
        return true;
      case kChurn:
        load.churn = true;
        return true;
      case kIdle:
        load.idle = number_value("--idle", walk_.value(), 0, kMaxConnections);
        return true;
      case kHalfClose:
        load.half_close = true;
        return true;
      case kWarmup:
        load.warmup = duration_value("--warmup", walk_.value());
        return true;
      case kReconnect:
        load.reconnect = true;
        return true;
      case kSeed:
        options_.seed = number_value("--seed", walk_.value(), 0, Pattern::kMaxSeed);
        return true;
      default:
        return false;
    }
  }

  void take_presentation(int val) {
    Presentation& presentation = options_.presentation;
    switch (val) {
      case kHistogram:
        presentation.histogram = true;
        break;
      case kAscii:
        presentation.ascii = true;
        break;
      case kJson:
        presentation.form = Presentation::Form::kJson;
        break;
      case kCsv:
        presentation.form = Presentation::Form::kCsv;
        break;
      case kSample:
        presentation.sample = duration_value("--sample", walk_.value());
        // The client does nothing else while it sums one up.
        if (*presentation.sample < kLeastSample) {
          throw UsageError("--sample: '" + walk_.value() + "' is out of range (1ms at least)");
        }
        break;
      default:
        presentation.svg = walk_.value();
        if (presentation.svg.empty()) throw UsageError("--svg: '' is not the name of a file");
        if (presentation.svg == "-") {
          throw UsageError("--svg: '-' is not the name of a file; standard output has the results");
        }
        break;
    }
  }

  void finish_talking() {
    for (const int val : kOnlyMeasuring) {
      if (is_given(val)) {
        throw UsageError(name_of(val) + " goes only with --count, --duration or --interval");
      }
    }
    ClientSettings& client = options_.client;
    if (!is_given('c')) target_.connections = 2;
    static_cast<Target&>(client) = target_;
    client.messages = walk_.arguments();
    client.from_input = client.messages.size() == 1 && client.messages.front() == "-";
    if (client.from_input) {
      client.messages.clear();
    } else if (client.messages.empty()) {
      client.messages = default_messages();
    }
    if (!client.messages.empty() && !is_given('H') && looks_like_host(client.messages.front())) {
      options_.hint = host_hint(client.messages.front());
    }
    for (const std::string& message : client.messages) {
      if (message == "-") throw UsageError("'-' (standard input) goes with no other message");
      if (message.empty()) throw UsageError("a message is '', and nothing would come back of it");
    }
  }

  void finish_measuring() {
    if (const auto messages = walk_.arguments(); !messages.empty()) {
      const std::string& first = messages.front();
      throw UsageError("'" + first + "': a client that measures has messages of its own" +
                       (looks_like_host(first) ? "; the server is named by --host" : ""));
    }
    refuse_clashes();
    if (!is_given('c')) target_.connections = 1;
    LoadSettings& load = options_.load;
    static_cast<Target&>(load) = target_;
    if (load.rate.count > 0 && !is_given('P')) load.pipeline = kDepthAtRate;
    if (is_given('I')) load.reconnect = true;
    if (is_given('I') && options_.presentation.form == Presentation::Form::kTable) {
      options_.presentation.form = Presentation::Form::kPing;
    }
  }

  void refuse_clashes() const {
    for (const auto& [one, other] : kClashes) {
      if (is_given(one) && is_given(other)) {
        throw UsageError(name_of(one) + " does not go with " + name_of(other));
      }
    }
    const LoadSettings& load = options_.load;
    if (is_given('I') && target_.connections > 1) {
      throw UsageError(name_of('I') + " has one connection, not " +
                       std::to_string(target_.connections));
    }
    if (is_given(kRamp) && is_given(kChurn) && is_given('r')) {
      throw UsageError(name_of(kRamp) + " does not go with --churn and --rate together");
    }
    if (is_given('D') && load.ramp > load.warmup + load.duration) {
      throw UsageError(name_of(kRamp) + " is longer than --warmup and --duration together");
    }
    if (is_given(kAscii) && !is_given(kHistogram)) {
      throw UsageError(name_of(kAscii) + " goes only with --histogram");
    }
    if (is_given(kSample) && !is_given(kCsv) && !is_given(kJson) && !is_given(kSvg)) {
      throw UsageError(name_of(kSample) + " goes only with --csv, --json or --svg");
    }
  }

  bool is_given(int val) const { return given_.contains(val); }

  static std::string name_of(int val) {
    const option* const found = std::find_if(std::begin(kClientOptions), std::end(kClientOptions),
                                             [val](const option& each) { return each.val == val; });
    return std::string("option '--") + found->name + "'";
  }

  OptionWalk walk_;
  std::set<int> given_;
  Target target_;
  ClientOptions options_;
};

}  // namespace

ClientOptions parse_client_options(int argc, char* const* argv) {
  return Parser(argc, argv).parse();
}

std::string_view client_help() { return kClientHelp; }

}  // namespace echo
