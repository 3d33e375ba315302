#include <unistd.h>

#include <csignal>
#include <utility>

#include "echo/inheritance.h"
#include "echo/listeners.h"
#include "echo/log.h"
#include "echo/program.h"
#include "echo/server.h"
#include "echo/server_options.h"
#include "echo/signals.h"
#include "echo/systemd.h"

namespace {

constexpr const char* kName = "echo_server";

int serve(int argc, char** argv) {
  // Until the main loop runs: a signal to stop ends the program, and the others wait, as process 1
  // too, and while a name server makes us wait.
  echo::block_signals({SIGUSR1, SIGUSR2});
  echo::exit_on_signals({SIGTERM, SIGINT, SIGHUP});
  echo::reap_children();
  echo::ServerOptions options = echo::parse_server_options(argc, argv);
  if (echo::print_instead(options.action, kName, echo::server_help())) return 0;

  echo::Log log(STDERR_FILENO, options.log_level, echo::Log::Manner::kDaemon);
  echo::raise_descriptor_limit(log);
  echo::limit_name_lookups();
  options.server.listen.hosts = echo::resolve_hosts(options.hosts);
  echo::block_signals(echo::Server::kSignals);
  echo::Signals signals(echo::Server::kSignals);
  echo::ServiceManager manager(log);
  echo::Inheritance inheritance = echo::take_inheritance(log);
  if (!inheritance.sockets.empty()) echo::expect_no_listen_option(options);
  echo::Server server(options.server, log, signals, manager, std::move(inheritance));
  return server.run() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return echo::run_program(kName, [&] { return serve(argc, argv); });
}
