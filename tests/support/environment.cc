#include "support/environment.h"

#include <cstdlib>

namespace echo::test {

Environment::Environment(std::initializer_list<Variable> variables) {
  for (const auto& [name, value] : variables) {
    names_.push_back(name);
    if (value == nullptr) {
      ::unsetenv(name.c_str());
    } else {
      ::setenv(name.c_str(), value, 1);
    }
  }
}

Environment::~Environment() {
  for (const std::string& name : names_) ::unsetenv(name.c_str());
}

}  // namespace echo::test
