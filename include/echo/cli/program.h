#pragma once

#include <functional>
#include <string_view>

#include "echo/cli/options.h"
#include "echo/os/log.h"

namespace echo {

// What both programs do around their work.

// Runs `body` and returns what it returns as the exit status. A std::exception becomes one
// line on standard error, `NAME: TEXT`, and the status 2 if it is a UsageError, 1 if not.
//
// For the body, SIGPIPE and SIGXFSZ are ignored: a reader that is gone, or a file that may grow no
// more, is an error to report, not to die of. And each standard descriptor is held that was closed,
// so that no socket takes its number; to read or write there stays an error, EBADF.
int run_program(std::string_view name, const std::function<int()>& body);

// Prints what the action asks for instead of a run, `help` or `NAME VERSION`; false if it asks
// for a run. Throws what write_stdout() throws.
bool print_instead(Action action, std::string_view name, std::string_view help);

// Raises the soft limit of open descriptors to the hard one (getrlimit(2)). If that fails it
// stays as it was, and the log has a warning.
void raise_descriptor_limit(Log& log);

// Lets a name server that does not answer, or never for IPv6, cost two seconds rather than ten or
// more, and a packet that is lost one: the resolver's own options, unless the environment has set
// them (resolv.conf(5)).
void limit_name_lookups();

}  // namespace echo
