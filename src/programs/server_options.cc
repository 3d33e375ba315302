#include "echo/programs/server_options.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <string>
#include <string_view>

#include "echo/base/format.h"
#include "echo/base/time.h"
#include "echo/base/usage_error.h"
#include "echo/os/platform.h"
#include "echo/os/socket.h"

namespace echo {
namespace {

constexpr const char* kDefaultHost = "localhost";
constexpr std::size_t kMaxClients = INT_MAX;

// The options that configure the listeners.
constexpr std::array<std::string_view, 5> kListenOptions{"host", "port", "backlog", "keepalive",
                                                         "reuse-port"};

// What a build without the extensions of Linux lacks.
std::string platform_help() {
  if (!is_posix_only()) return "";
  return R"(
This build uses no extension of Linux. Each call to select() checks all
connections, so idle ones cost time. SIGUSR2 always stops the server, as SIGTERM
does.
)";
}

std::string number_or_no_limit(std::size_t number) {
  return number > 0 ? std::to_string(number) : "no limit";
}

OptionTable server_table(ServerOptions& options) {
  ServerSettings& server = options.server;
  ListenSettings& listen = server.listen;
  return {
      {'H', "host", "ADDR",
       "Listen on this name or address, or on all with '*'; repeat it to listen on more",
       [&](auto& value) { options.hosts.push_back(value.host()); }, kDefaultHost, "Listening:\n"},
      {'p', "port", "PORT", "Listen on this port or service name; 0 picks a free one",
       [&](auto& value) { listen.port = value.port(); }, std::to_string(listen.port)},
      {'b', "backlog", "N", "Let N connections wait for accept",
       [&](auto& value) { listen.backlog = value.number(1, INT_MAX); },
       std::to_string(listen.backlog)},
      {0, "reuse-port", "", "Share the port with other servers (SO_REUSEPORT)",
       [&](auto&) { listen.reuse_port = true; }},
      {'c', "max-connections", "N", "Accept up to N connections",
       [&](auto& value) { server.max_connections = value.number(0, kMaxClients); },
       number_or_no_limit(server.max_connections), "Limits (0 turns off -c, -m, -i and -k):\n"},
      {'m', "max-per-host", "N", "Accept up to N per host",
       [&](auto& value) { server.max_per_host = value.number(0, kMaxClients); },
       number_or_no_limit(server.max_per_host)},
      {'i', "idle-timeout", "TIME", "Close connections idle for TIME",
       [&](auto& value) { server.idle_timeout = value.duration(); },
       server.idle_timeout > Duration{0} ? format_duration(server.idle_timeout) : "never"},
      {'k', "keepalive", "TIME", "Probe peers that are silent for TIME",
       [&](auto& value) { listen.keepalive = value.duration(kMaxKeepalive); },
       format_duration(listen.keepalive)},
      {'q', "max-queue", "SIZE", "Stop reading at SIZE pending bytes",
       [&](auto& value) { server.max_queue = value.size(); },
       std::to_string(server.max_queue / 1024) + "K"},
      {'d', "drain-timeout", "TIME", "Wait TIME for pending echoes on stop",
       [&](auto& value) { server.drain_timeout = value.duration(); },
       format_duration(server.drain_timeout)},
      {'l', "log-level", "LEVEL", "Log error, warning, info or debug",
       [&](auto& value) { options.log_level = value.log_level(); },
       std::string(log_level_name(options.log_level)), "Logging:\n"},
      {'v', "verbose", "", "Same as --log-level debug",
       [&](auto&) { options.log_level = LogLevel::kDebug; }},
      {0, "quiet", "", "Same as --log-level warning",
       [&](auto&) { options.log_level = LogLevel::kWarning; }},
  };
}

}  // namespace

ServerOptions parse_server_options(int argc, char* const* argv) {
  ServerOptions options;
  const Given given = walk_command_line(argc, argv, server_table(options));
  given.expect_no_arguments("--port");
  options.action = given.action;
  if (options.hosts.empty()) options.hosts.emplace_back(kDefaultHost);
  const auto found = std::find_first_of(given.options.begin(), given.options.end(),
                                        kListenOptions.begin(), kListenOptions.end());
  if (found != given.options.end()) options.listen_option = "--" + std::string(*found);
  return options;
}

void expect_no_listen_option(const ServerOptions& options) {
  if (options.listen_option.empty()) return;
  throw UsageError(options.listen_option +
                   " cannot be combined with sockets from the service manager; set it in the "
                   "socket unit (systemd.socket(5))");
}

std::string server_help() {
  ServerOptions unused;
  return R"(Usage: echo_server [OPTION]...
A TCP echo server: sends every byte back to the client that sent it (RFC 862).

)" + options_help(server_table(unused)) +
         R"(
Signals: SIGTERM, SIGINT and SIGHUP echo what has arrived, then stop the
server; a second one stops it immediately. SIGUSR1 logs statistics. SIGUSR2
hands all connections over to systemd, for a restart; without systemd it stops
the server like SIGTERM.

Exit status: 0 stopped by a signal, 1 error, 2 wrong command line.

Examples:
  echo_server                            listen on localhost, port 10000
  echo_server -H '*' -p echo             listen on all addresses, port 7
  echo_server -c 1000 -m 20 -i 5m        limit clients, close idle connections
)" + platform_help();
}

}  // namespace echo
