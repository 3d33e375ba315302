#pragma once

#include "echo/load/load_settings.h"
#include "echo/os/log.h"
#include "echo/report/presentation.h"

namespace echo {

// Puts the load on the server until it is over or a signal ends it. Prints the results to standard
// output, errors to the log, and on a terminal the progress to standard error.
//
// Returns the exit status: 0 if LoadResults::is_exact(), 1 if not, and 128 and the number of a
// signal that ended it. Throws std::system_error if the host has no address, the picture's file
// cannot be written, or standard output fails.
int measure(const LoadSettings& settings, const Presentation& presentation, Log& log);

}  // namespace echo
