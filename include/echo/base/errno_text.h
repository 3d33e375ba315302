#pragma once

#include <string>
#include <system_error>

namespace echo {

// An errno value in the system's words, such as "Connection reset by peer", for where a text is
// wanted. A log line makes it itself, so that a caller in want of memory need not.
struct ErrnoText {
  int error;

  std::string to_string() const { return std::generic_category().message(error); }
};

}  // namespace echo
