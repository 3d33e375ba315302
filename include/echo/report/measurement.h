#pragma once

#include "echo/load/load_settings.h"
#include "echo/os/log.h"
#include "echo/report/presentation.h"

namespace echo {

// Runs the load until it is over or a signal ends it. Prints the results to standard output and
// errors to the log. If standard error is a terminal, shows the progress there.
//
// Returns the exit status: that of exit_status_of(), or 128 plus the number of a signal. Throws
// std::system_error if the host has no address, if a file cannot be written, or if standard
// output fails.
int measure(const LoadSettings& settings, const Presentation& presentation, Log& log);

}  // namespace echo
