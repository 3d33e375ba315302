#pragma once

#include <stdexcept>

namespace echo {

// The user called the program wrongly. The text is one line that names the value and the reason.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace echo
