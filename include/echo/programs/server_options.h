#pragma once

#include <string>
#include <vector>

#include "echo/cli/options.h"
#include "echo/os/log.h"
#include "echo/server/server_settings.h"

namespace echo {

struct ServerOptions {
  Action action = Action::kRun;
  LogLevel log_level = LogLevel::kInfo;
  ServerSettings server;           // Without the addresses of `hosts`.
  std::vector<std::string> hosts;  // Names, numeric addresses, or "*"; not resolved yet.
  // The first option on the command line that sets an address or a property of a listener; empty if
  // there is none.
  std::string listen_option;
};

// Parses the command line of echo_server. Throws UsageError if it is wrong.
ServerOptions parse_server_options(int argc, char* const* argv);

// Throws UsageError if the command line has a listen option. For a server whose sockets are passed
// and set up by the service manager.
void expect_no_listen_option(const ServerOptions& options);

// Returns the text of `echo_server --help`.
std::string server_help();

}  // namespace echo
