#pragma once

#include <stdexcept>

namespace echo {

// The user called the program incorrectly. The text is one line with the value and the reason.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace echo
