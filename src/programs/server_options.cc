#include "echo/programs/server_options.h"

#include <algorithm>
#include <array>
#include <climits>
#include <string>
#include <string_view>

#include "echo/base/format.h"
#include "echo/base/usage_error.h"
#include "echo/os/socket.h"

namespace echo {
namespace {

constexpr const char* kDefaultHost = "localhost";

// The options that set where or how to listen.
constexpr std::array<std::string_view, 5> kListenOptions{"host", "port", "backlog", "keepalive",
                                                         "reuse-port"};

OptionTable server_table(ServerOptions& options) {
  ServerSettings& server = options.server;
  ListenSettings& listen = server.listen;
  return {
      {'H', "host", "ADDR",
       "listen on this name or address; may be given more than once; '*' for all",
       [&](auto& value) { options.hosts.push_back(value.host()); }, kDefaultHost},
      {'p', "port", "PORT", "listen on this port, a number or a service's name; 0 for any free one",
       [&](auto& value) { listen.port = value.port(); }, std::to_string(listen.port)},
      {'b', "backlog", "N",
       "let so many connections wait to be accepted; the system has its own limit",
       [&](auto& value) { listen.backlog = static_cast<int>(value.number(1, INT_MAX)); },
       std::to_string(listen.backlog)},
      {'c', "max-connections", "N",
       "refuse more connections than this; 0 for as many as there are descriptors",
       [&](auto& value) { server.max_connections = value.number(0, INT_MAX); },
       std::to_string(server.max_connections)},
      {'m', "max-per-host", "N",
       "the same for the connections of one host: an IPv4 address, an IPv6 network of 64 bits, or "
       "one link-local address",
       [&](auto& value) { server.max_per_host = value.number(0, INT_MAX); },
       std::to_string(server.max_per_host)},
      {'q', "max-queue", "SIZE",
       "stop reading from a client that is owed so many bytes, until it has taken half",
       [&](auto& value) { server.max_queue = value.size(); },
       std::to_string(server.max_queue / 1024) + "K"},
      {'i', "idle-timeout", "TIME",
       "close a connection on which no byte has moved for so long; 0 for never",
       [&](auto& value) { server.idle_timeout = value.duration(); },
       format_duration(server.idle_timeout)},
      {'k', "keepalive", "TIME",
       "ask a peer that has been silent for so long whether it is still there, and close the "
       "connection if not; 0 for never",
       [&](auto& value) { listen.keepalive = value.duration(kMaxKeepalive); },
       format_duration(listen.keepalive)},
      {'d', "drain-timeout", "TIME", "when told to stop, wait so long for what is in flight",
       [&](auto& value) { server.drain_timeout = value.duration(); },
       format_duration(server.drain_timeout)},
      {0, "reuse-port", "", "share the port with other servers that ask for it too (SO_REUSEPORT)",
       [&](auto&) { listen.reuse_port = true; }},
      {'l', "log-level", "LEVEL", "error, warning, info or debug",
       [&](auto& value) { options.log_level = value.log_level(); },
       std::string(log_level_name(options.log_level))},
      {'v', "verbose", "", "the same as --log-level debug",
       [&](auto&) { options.log_level = LogLevel::kDebug; }},
      {0, "quiet", "", "the same as --log-level warning",
       [&](auto&) { options.log_level = LogLevel::kWarning; }},
  };
}

}  // namespace

ServerOptions parse_server_options(int argc, char* const* argv) {
  ServerOptions options;
  const Given given = walk_command_line(argc, argv, server_table(options));
  given.expect_no_arguments();
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
                   " cannot be given with sockets that the service manager passes: their own unit "
                   "sets it (systemd.socket(5))");
}

std::string server_help() {
  ServerOptions unused;
  return R"(Usage: echo_server [OPTION]...
A TCP echo server: sends every client back what it sends (RFC 862).

)" + options_help(server_table(unused)) +
         R"(
SIGTERM, SIGINT and SIGHUP stop the server once what is in flight has been
echoed; a second one stops it at once. SIGUSR1 logs a line of statistics.
SIGUSR2 hands all connections over to the service manager, for a restart.

Exit status: 0 after a stop, 1 for an error of the system, 2 for a wrong
command line.
)";
}

}  // namespace echo
