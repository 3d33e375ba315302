#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  std::string hint;  // A hint for the user about a likely mistake. Empty: none.

  ClientSettings client;              // Used if `measures` is false.
  LoadSettings load;                  // Used if `measures` is true.
  std::optional<std::uint64_t> seed;  // The seed of the load. nullopt: a random seed.
  Presentation presentation;

  std::vector<std::string> files;  // Results to merge. If not empty, the client does nothing else.
};

// Parses the command line of echo_client. Throws UsageError if it is wrong.
ClientOptions parse_client_options(int argc, char* const* argv);

// Returns the text of `echo_client --help`.
std::string client_help();

}  // namespace echo
