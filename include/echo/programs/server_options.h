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
  ServerSettings server;           // Its hosts are not looked up yet:
  std::vector<std::string> hosts;  // names, numeric addresses, or "*".
  // The first option of the command line that sets where or how to listen; empty if none does.
  std::string listen_option;
};

// The command line of echo_server. Throws UsageError if it is wrong.
ServerOptions parse_server_options(int argc, char* const* argv);

// For a server that is passed its sockets, which the service manager has set up: throws UsageError
// if the command line would change that.
void expect_no_listen_option(const ServerOptions& options);

// What `echo_server --help` prints.
std::string server_help();

}  // namespace echo
