#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <string>
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

void log_first_steps(std::string host, std::uint16_t port, echo::Log& log) {
  if (host == "*") host = "localhost";
  log.info("talk to it:  echo hello | nc -N ", host, " ", port);
  log.info("measure it:  echo_client -H ", host, " -p ", port, " -D 5s");
  log.info("stop it:     Ctrl-C");
}

int serve(int argc, char** argv) {
  // Until there is a Signals: a signal to stop ends the program, and the others wait, as process 1
  // too, and while a name server makes us wait.
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
  if (!startup_sockets.listeners.empty()) echo::expect_no_listen_option(options);
  echo::Server server(options.server, log, signals, manager, std::move(startup_sockets));
  if (::isatty(STDERR_FILENO) == 1) log_first_steps(options.hosts.front(), server.port(), log);
  return server.run() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return echo::run_program(kName, [&] { return serve(argc, argv); });
}
