#include <unistd.h>

#include <system_error>

#include "echo/log.h"
#include "echo/options.h"
#include "echo/program.h"
#include "echo/server.h"
#include "echo/server_options.h"
#include "echo/signals.h"

namespace {

constexpr const char* kName = "echo_server";

int serve(int argc, char** argv) {
  echo::ensure_standard_descriptors();
  const echo::ServerOptions options = echo::parse_server_options(argc, argv);
  if (options.action == echo::Action::kHelp) {
    echo::print(echo::server_help());
    return 0;
  }
  if (options.action == echo::Action::kVersion) {
    echo::print_version(kName);
    return 0;
  }

  echo::Log log(STDERR_FILENO, options.log_level, echo::Log::Manner::kDaemon);
  if (const int error = echo::raise_descriptor_limit()) {
    log.warning("cannot raise the limit of descriptors: ", std::generic_category().message(error));
  }
  echo::limit_name_lookups();
  echo::Signals signals(echo::Server::kSignals);
  echo::Server server(options.server, log, signals);
  server.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return echo::run_program(kName, [&] { return serve(argc, argv); });
}
