#include <unistd.h>

#include "echo/client.h"
#include "echo/client_options.h"
#include "echo/log.h"
#include "echo/measurement.h"
#include "echo/program.h"

namespace {

constexpr const char* kName = "echo_client";

int talk(int argc, char** argv) {
  const echo::ClientOptions options = echo::parse_client_options(argc, argv);
  if (echo::print_instead(options.action, kName, echo::client_help())) return 0;

  echo::Log log(STDERR_FILENO, options.log_level, echo::Log::Manner::kTool);
  echo::raise_descriptor_limit(log);
  echo::limit_name_lookups();
  if (options.measures) return echo::measure(options.load, options.presentation, log);
  echo::Client client(options.client, log, STDIN_FILENO, STDOUT_FILENO);
  return client.run() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return echo::run_program(kName, [&] { return talk(argc, argv); });
}
