#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace echo::test {

// Sets variables of this process's environment, or takes them out (nullptr), until it goes.
class Environment {
 public:
  struct Variable {
    std::string name;
    const char* value;
  };

  Environment(std::initializer_list<Variable> variables);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment();

 private:
  std::vector<std::string> names_;
};

}  // namespace echo::test
