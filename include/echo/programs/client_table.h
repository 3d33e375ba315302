#pragma once

#include "echo/cli/options.h"
#include "echo/programs/client_options.h"

namespace echo {

// All options of echo_client, in the order of its help. They set `options`, which must outlive the
// table.
OptionTable client_table(ClientOptions& options);

// The options that need a measurement: --count, --duration or --interval.
OptionTable load_options(ClientOptions& options);

}  // namespace echo
