#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "echo/cli/program.h"
#include "echo/os/log.h"
#include "echo/os/signals.h"
#include "echo/programs/server_options.h"
#include "echo/server/listeners.h"
#include "echo/server/server.h"
#include "echo/server/startup_sockets.h"
#include "echo/service/service_manager.h"

namespace {

constexpr const char* kName = "echo_server";

// The client is in the directory of the server, which `program` names as the user did.
void log_first_steps(std::string_view program, std::string host, std::uint16_t port,
                     echo::Log& log) {
  if (host == "*" || host == "0.0.0.0" || host == "::") host = "localhost";
  const std::string_view directory = program.substr(0, program.rfind('/') + 1);
  log.info("talk to it:  nc ", host, " ", port);
  log.info("measure it:  ", directory, "echo_client -H ", host, " -p ", port, " -D 5s");
  log.info("stop it:     Ctrl-C");
}

int serve(int argc, char** argv) {
  // Until `signals` exists, a stop signal ends the program, and SIGUSR1 and SIGUSR2 stay blocked.
  // This also holds for process 1 and during a slow name lookup.
  echo::block_signals({SIGUSR1, SIGUSR2});
  echo::exit_on_signals({SIGTERM, SIGINT, SIGHUP});
  echo::reap_children();
  echo::ServerOptions options = echo::parse_server_options(argc, argv);
  if (echo::print_instead(options.action, kName, echo::server_help())) return 0;

  echo::Log log(STDERR_FILENO, options.log_level, echo::Log::Mode::kDaemon);
  echo::raise_descriptor_limit(log);
  echo::limit_name_lookups();
  options.server.listen.hosts = echo::resolve_hosts(options.hosts);
  echo::block_signals(echo::Server::kSignals);
  echo::Signals signals(echo::Server::kSignals);
  echo::ServiceManager manager(log);
  echo::StartupSockets startup_sockets = echo::take_startup_sockets(log);
  const bool has_passed_listeners = !startup_sockets.listeners.empty();
  if (has_passed_listeners) echo::expect_no_listen_option(options);
  echo::Server server(options.server, log, signals, manager, std::move(startup_sockets));
  if (!has_passed_listeners && ::isatty(STDERR_FILENO) == 1) {
    log_first_steps(argv[0], options.hosts.front(), server.port(), log);
  }
  return server.run() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return echo::run_program(kName, [&] { return serve(argc, argv); });
}
