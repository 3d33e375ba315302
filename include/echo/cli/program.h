#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "echo/cli/options.h"
#include "echo/os/log.h"

namespace echo {

// The parts of main() that both programs share.

// Runs `body` and returns its result, the exit status. A std::exception becomes one line on
// standard error, `NAME: TEXT`, and the status 2 for a UsageError, 1 for any other.
//
// SIGPIPE and SIGXFSZ are ignored in the body: a closed pipe, or a file at its size limit, is an
// error to report, not a reason to die. Closed standard descriptors are occupied, so that no socket
// takes their numbers; reading and writing them still fails with EBADF.
int run_program(std::string_view name, const std::function<int()>& body);

// "echo_client 1.1.0".
std::string name_and_version(std::string_view name);

// If the action is not kRun, prints `help` or `NAME VERSION` and returns true. Throws the errors of
// write_stdout().
bool print_instead(Action action, std::string_view name, std::string_view help);

// Raises the soft limit of open descriptors to the hard limit (getrlimit(2)). If that fails, logs a
// warning and leaves the limit unchanged.
void raise_descriptor_limit(Log& log);

// Limits a name lookup to two seconds, instead of ten or more, if a name server never answers, or
// does not answer for IPv6. A lost packet costs one second more. Sets RES_OPTIONS for the resolver,
// unless the environment has set it (resolv.conf(5)).
void limit_name_lookups();

}  // namespace echo
