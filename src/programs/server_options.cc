#include "echo/programs/server_options.h"

#include <getopt.h>

#include <climits>
#include <limits>

#include "echo/base/usage_error.h"
#include "echo/os/socket.h"

namespace echo {
namespace {

constexpr int kReusePort = kFirstOwnOption;

constexpr option kServerOptions[] = {
    {"host", required_argument, nullptr, 'H'},
    {"port", required_argument, nullptr, 'p'},
    {"backlog", required_argument, nullptr, 'b'},
    {"max-connections", required_argument, nullptr, 'c'},
    {"max-per-host", required_argument, nullptr, 'm'},
    {"max-queue", required_argument, nullptr, 'q'},
    {"idle-timeout", required_argument, nullptr, 'i'},
    {"keepalive", required_argument, nullptr, 'k'},
    {"drain-timeout", required_argument, nullptr, 'd'},
    {"reuse-port", no_argument, nullptr, kReusePort},
    {"log-level", required_argument, nullptr, 'l'},
    {"verbose", no_argument, nullptr, 'v'},
    {"quiet", no_argument, nullptr, kQuiet},
    {"help", no_argument, nullptr, kHelp},
    {"version", no_argument, nullptr, kVersion},
    {nullptr, 0, nullptr, 0},
};

constexpr std::string_view kServerHelp = R"(Usage: echo_server [OPTION]...
A TCP echo server: sends every client back what it sends (RFC 862).

  -H, --host ADDR           listen on this name or address; may be given more
                            than once; '*' for all (default: localhost)
  -p, --port PORT           listen on this port, a number or a service's name;
                            0 for any free one (default: 10000)
  -b, --backlog N           let so many connections wait to be accepted; the
                            system has its own limit (default: 4096)
  -c, --max-connections N   refuse more connections than this; 0 for as many as
                            there are descriptors (default: 0)
  -m, --max-per-host N      the same for the connections of one host: an IPv4
                            address, an IPv6 network of 64 bits, or one
                            link-local address (default: 0)
  -q, --max-queue SIZE      stop reading from a client that is owed so many
                            bytes, until it has taken half (default: 256K)
  -i, --idle-timeout TIME   close a connection on which no byte has moved for so
                            long; 0 for never (default: 0)
  -k, --keepalive TIME      ask a peer that has been silent for so long whether
                            it is still there, and close the connection if not;
                            0 for never (default: 2m)
  -d, --drain-timeout TIME  when told to stop, wait so long for what is in
                            flight (default: 5s)
      --reuse-port          share the port with other servers that ask for it
                            too (SO_REUSEPORT)
  -l, --log-level LEVEL     error, warning, info or debug (default: info)
  -v, --verbose             the same as --log-level debug
      --quiet               the same as --log-level warning
      --help                show this text and exit
      --version             show the version and exit

A number may have decimals. TIME has ns, us, ms, s, m or h; without a unit it
counts seconds. SIZE is in bytes, or has K, M or G (powers of 1,024); N may have
K, M or G (powers of 1,000).

SIGTERM, SIGINT and SIGHUP stop the server once what is in flight has been
echoed; a second one stops it at once. SIGUSR1 logs a line of statistics.
SIGUSR2 hands all connections over to the service manager, for a restart.

Exit status: 0 after a stop, 1 for an error of the system, 2 for a wrong
command line.
)";

// The option's name, where it says where or how to listen.
std::string_view listen_option(int val) {
  switch (val) {
    case 'H':
      return "--host";
    case 'p':
      return "--port";
    case 'b':
      return "--backlog";
    case 'k':
      return "--keepalive";
    case kReusePort:
      return "--reuse-port";
    default:
      return {};
  }
}

}  // namespace

ServerOptions parse_server_options(int argc, char* const* argv) {
  ServerOptions options;
  ServerSettings& server = options.server;

  OptionWalk walk(argc, argv, kServerOptions);
  for (int val = walk.next(); val != -1; val = walk.next()) {
    if (options.listen_option.empty()) options.listen_option = listen_option(val);
    switch (val) {
      case 'H':
        options.hosts.push_back(host_value("--host", walk.value()));
        break;
      case 'p':
        server.listen.port = port_value("--port", walk.value());
        break;
      case 'b':
        server.listen.backlog =
            static_cast<int>(number_value("--backlog", walk.value(), 1, INT_MAX));
        break;
      case 'c':
        server.max_connections =
            number_value("--max-connections", walk.value(), 0, std::numeric_limits<int>::max());
        break;
      case 'm':
        server.max_per_host =
            number_value("--max-per-host", walk.value(), 0, std::numeric_limits<int>::max());
        break;
      case 'q':
        server.max_queue = size_value("--max-queue", walk.value());
        break;
      case 'i':
        server.idle_timeout = duration_value("--idle-timeout", walk.value());
        break;
      case 'k':
        server.listen.keepalive = duration_value("--keepalive", walk.value(), kMaxKeepalive);
        break;
      case 'd':
        server.drain_timeout = duration_value("--drain-timeout", walk.value());
        break;
      case kReusePort:
        server.listen.reuse_port = true;
        break;
      case 'l':
        options.log_level = log_level_value("--log-level", walk.value());
        break;
      case 'v':
        options.log_level = LogLevel::kDebug;
        break;
      case kQuiet:
        options.log_level = LogLevel::kWarning;
        break;
      case kHelp:
        options.action = Action::kHelp;
        return options;
      default:
        options.action = Action::kVersion;
        return options;
    }
  }
  walk.expect_no_arguments();
  if (options.hosts.empty()) options.hosts.emplace_back("localhost");
  return options;
}

void expect_no_listen_option(const ServerOptions& options) {
  if (options.listen_option.empty()) return;
  throw UsageError(options.listen_option +
                   " cannot be given with sockets that the service manager passes: their own unit "
                   "sets it (systemd.socket(5))");
}

std::string_view server_help() { return kServerHelp; }

}  // namespace echo
