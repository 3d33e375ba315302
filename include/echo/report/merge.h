#pragma once

#include <string>
#include <vector>

#include "echo/os/log.h"
#include "echo/report/presentation.h"

namespace echo {

// Prints the results in the files as those of one run to standard output, and errors to the log.
// Each file has an object that JsonReport::format() returned; a pipe is read to its end.
//
// Returns the exit status: that of exit_status_of(), or 128 plus the number of a signal. Throws
// std::runtime_error if a file cannot be merged, and std::system_error if standard output fails.
int merge(const std::vector<std::string>& files, const Presentation& presentation, Log& log);

}  // namespace echo
