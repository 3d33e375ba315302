#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "echo/log.h"
#include "echo/options.h"
#include "echo/server.h"

namespace echo {

struct ServerOptions {
  Action action = Action::kRun;
  LogLevel log_level = LogLevel::kInfo;
  ServerSettings server;           // Its hosts are not looked up yet:
  std::vector<std::string> hosts;  // names, numeric addresses, or "*".
};

// The command line of echo_server. Throws UsageError where it is wrong.
ServerOptions parse_server_options(int argc, char* const* argv);

// What `echo_server --help` prints.
std::string_view server_help();

}  // namespace echo
