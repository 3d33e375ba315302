#include "echo/client_options.h"

#include <getopt.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

namespace echo {
namespace {

constexpr int kQuiet = kLongOnly;
constexpr int kHelp = kLongOnly + 1;
constexpr int kVersion = kLongOnly + 2;

constexpr option kOptions[] = {
    {"host", required_argument, nullptr, 'H'},
    {"port", required_argument, nullptr, 'p'},
    {"connections", required_argument, nullptr, 'c'},
    {"timeout", required_argument, nullptr, 't'},
    {"ipv4", no_argument, nullptr, '4'},
    {"ipv6", no_argument, nullptr, '6'},
    {"verbose", no_argument, nullptr, 'v'},
    {"quiet", no_argument, nullptr, kQuiet},
    {"help", no_argument, nullptr, kHelp},
    {"version", no_argument, nullptr, kVersion},
    {nullptr, 0, nullptr, 0},
};

constexpr std::string_view kHelpText = R"(Usage: echo_client [OPTION]... [MESSAGE]...
  or:  echo_client [OPTION]... -
Sends each message on many sockets at once to a TCP echo server, and checks that
every byte comes back as it was sent.

Without a message it sends 'This is the message. ', 'It will be sent ' and
'in parts.', one after the other. With '-' it sends what it reads from standard
input, and with one connection standard output gets the echo. After '--' a
message may begin with '-'.

  -H, --host ADDR           the server's name or address (default: localhost)
  -p, --port PORT           its port, a number or a service's name
                            (default: 10000)
  -c, --connections N       how many sockets to open (default: 2)
  -t, --timeout TIME        how long to wait for a connection, and for each next
                            piece of an answer; 0 for ever (default: 10s)
  -4, --ipv4                use IPv4 only
  -6, --ipv6                use IPv6 only; of the two the last one counts
  -v, --verbose             tell more
      --quiet               tell only of errors
      --help                show this text and exit
      --version             show the version and exit

TIME is a number with us, ms, s, m or h; without a unit it counts seconds.

Exit status: 0 if every echo was exact, 1 if a connection could not be made,
timed out, closed early, or brought other bytes, 2 for a wrong command line.
)";

const std::vector<std::string>& default_messages() {
  static const std::vector<std::string> kMessages{"This is the message. ", "It will be sent ",
                                                  "in parts."};
  return kMessages;
}

}  // namespace

ClientOptions parse_client_options(int argc, char* const* argv) {
  ClientOptions options;
  ClientSettings& client = options.client;
  client.host = "localhost";
  client.port = 10000;
  client.family = AF_UNSPEC;
  client.connections = 2;
  client.timeout = std::chrono::seconds{10};

  OptionWalk walk(argc, argv, kOptions);
  for (int val = walk.next(); val != -1; val = walk.next()) {
    switch (val) {
      case 'H':
        client.host = walk.value();
        break;
      case 'p':
        client.port = port_value("--port", walk.value());
        break;
      case 'c':
        client.connections = number_value("--connections", walk.value(), 1, 1'000'000);
        break;
      case 't':
        client.timeout = duration_value("--timeout", walk.value());
        break;
      case '4':
        client.family = AF_INET;
        break;
      case '6':
        client.family = AF_INET6;
        break;
      case 'v':
        options.log_level = LogLevel::kDebug;
        break;
      case kQuiet:
        options.log_level = LogLevel::kError;
        break;
      case kHelp:
        options.action = Action::kHelp;
        return options;
      default:
        options.action = Action::kVersion;
        return options;
    }
  }

  client.messages = walk.arguments();
  client.from_input = client.messages.size() == 1 && client.messages.front() == "-";
  if (client.from_input) {
    client.messages.clear();
  } else if (client.messages.empty()) {
    client.messages = default_messages();
  }
  for (const std::string& message : client.messages) {
    if (message == "-") throw UsageError("'-' (standard input) goes with no other message");
    if (message.empty()) throw UsageError("a message is '', and nothing would come back of it");
  }
  if (client.port == 0) throw UsageError("--port: '0' is no port to connect to");
  return options;
}

std::string_view client_help() { return kHelpText; }

}  // namespace echo
