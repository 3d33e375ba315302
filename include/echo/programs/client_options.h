#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "echo/cli/options.h"
#include "echo/client/client.h"
#include "echo/load/load_settings.h"
#include "echo/os/log.h"
#include "echo/report/presentation.h"

namespace echo {

struct ClientOptions {
  Action action = Action::kRun;
  LogLevel log_level = LogLevel::kInfo;
  bool measures = false;
  std::string hint;  // What the user may have meant otherwise. Empty: nothing.

  ClientSettings client;              // If it does not measure,
  LoadSettings load;                  // and if it does.
  std::optional<std::uint64_t> seed;  // Of the load. Nothing: any.
  Presentation presentation;
};

// The command line of echo_client. Throws UsageError if it is wrong.
ClientOptions parse_client_options(int argc, char* const* argv);

// What `echo_client --help` prints.
std::string client_help();

}  // namespace echo
