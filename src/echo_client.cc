#include <unistd.h>

#include <system_error>

#include "echo/client.h"
#include "echo/client_options.h"
#include "echo/log.h"
#include "echo/options.h"
#include "echo/program.h"
#include "echo/signals.h"

namespace {

constexpr const char* kName = "echo_client";

int talk(int argc, char** argv) {
  echo::ensure_standard_descriptors();
  const echo::ClientOptions options = echo::parse_client_options(argc, argv);
  if (options.action == echo::Action::kHelp) {
    echo::print(echo::client_help());
    return 0;
  }
  if (options.action == echo::Action::kVersion) {
    echo::print_version(kName);
    return 0;
  }

  echo::Log log(STDERR_FILENO, options.log_level, echo::Log::Manner::kTool);
  if (const int error = echo::raise_descriptor_limit()) {
    log.warning("cannot raise the limit of descriptors: ", std::generic_category().message(error));
  }
  echo::limit_name_lookups();
  // None to catch, but a broken pipe is an error to report.
  const echo::Signals signals({});
  echo::Client client(options.client, log, STDIN_FILENO, STDOUT_FILENO);
  return client.run() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return echo::run_program(kName, [&] { return talk(argc, argv); });
}
