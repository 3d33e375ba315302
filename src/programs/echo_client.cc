#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "echo/base/escape.h"
#include "echo/base/time.h"
#include "echo/cli/program.h"
#include "echo/client/client.h"
#include "echo/client/target.h"
#include "echo/load/pattern.h"
#include "echo/os/log.h"
#include "echo/os/platform.h"
#include "echo/programs/client_options.h"
#include "echo/report/measurement.h"
#include "echo/report/merge.h"

namespace {

constexpr const char* kName = "echo_client";

// Usually, all connections go from one address to one address.
void warn_of_few_ports(const echo::Target& target, std::size_t connections, echo::Log& log) {
  const auto ports_of_one = echo::local_ports();
  if (!ports_of_one) return;
  const std::uint64_t ports =
      *ports_of_one * std::max<std::uint64_t>(1, target.origin.addresses.size());
  if (connections <= ports) return;
  log.warning("only ", ports, " local ports for ", connections,
              " connections to one address; --bind adds local addresses");
}

std::string command_line(int argc, char** argv) {
  std::string line;
  for (int index = 0; index < argc; ++index) {
    line += (index > 0 ? " " : "") + echo::quote_for_shell(argv[index]);
  }
  return line;
}

int talk(int argc, char** argv) {
  echo::ClientOptions options = echo::parse_client_options(argc, argv);
  if (echo::print_instead(options.action, kName, echo::client_help())) return 0;

  echo::Log log(STDERR_FILENO, options.log_level, echo::Log::Mode::kTool);
  if (!options.files.empty()) return echo::merge(options.files, options.presentation, log);
  // A stuck standard error does not delay the end beyond the deadline.
  if (options.client.deadline > echo::Duration{0}) {
    log.set_wait(
        {.until = echo::Clock::now() + options.client.deadline + echo::Target::kReaderTimeout});
  }
  echo::raise_descriptor_limit(log);
  echo::limit_name_lookups();
  if (options.measures) {
    warn_of_few_ports(options.load, options.load.connections + options.load.idle, log);
    options.load.seed =
        options.seed.value_or(echo::Pattern::seed_of(echo::wall_time(), ::getpid()));
    options.presentation.program = echo::name_and_version(kName);
    options.presentation.command_line = command_line(argc, argv);
    return echo::measure(options.load, options.presentation, log);
  }
  warn_of_few_ports(options.client, options.client.connections, log);
  if (!options.hint.empty()) log.warning(options.hint);
  echo::Client client(options.client, log, STDIN_FILENO, STDOUT_FILENO);
  return client.run() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return echo::run_program(kName, [&] { return talk(argc, argv); });
}
