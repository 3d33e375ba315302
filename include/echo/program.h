#pragma once

#include <functional>
#include <string_view>

namespace echo {

// What both programs do around their work.

// Runs `body` and returns what it returns as the exit status. A std::exception becomes one
// line on standard error, `NAME: TEXT`, and the status 2 if it is a UsageError, 1 if not.
int run_program(std::string_view name, const std::function<int()>& body);

// Prints to standard output. Throws std::system_error where that fails.
void print(std::string_view text);

// Prints `NAME VERSION`.
void print_version(std::string_view name);

// Holds the number of each standard descriptor that is closed: otherwise the first socket would
// take it, and a log line would go to a client. To read or write there stays an error, EBADF.
// Throws std::system_error.
void ensure_standard_descriptors();

// Raises the soft limit of open descriptors to the hard one (getrlimit(2)). Returns 0, or an errno
// value where the limit stays as it was.
int raise_descriptor_limit();

// Lets each name server that does not answer cost one second, rather than ten: the resolver's own
// options, unless the environment has set them (resolv.conf(5)).
void limit_name_lookups();

}  // namespace echo
