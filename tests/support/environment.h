#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace echo::test {

// Sets environment variables of this process, or unsets them (nullptr). The destructor unsets all.
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
