#pragma once

#include <string>
#include <system_error>

namespace echo {

// An errno value that only the log line turns into text, such as "Connection reset by peer". A
// caller that has run out of memory need not allocate.
struct ErrnoText {
  int error;

  std::string to_string() const { return std::generic_category().message(error); }
};

}  // namespace echo
