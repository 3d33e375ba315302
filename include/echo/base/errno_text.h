#pragma once

#include <string>
#include <system_error>

namespace echo {

// An errno value whose text, such as "Connection reset by peer", a log line makes: a caller that
// has run out of memory need not.
struct ErrnoText {
  int error;

  std::string to_string() const { return std::generic_category().message(error); }
};

}  // namespace echo
