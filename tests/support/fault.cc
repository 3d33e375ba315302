#include "support/fault.h"

#include <algorithm>
#include <iterator>
#include <ostream>
#include <stdexcept>

#include "echo/base/errno_text.h"
#include "support/text.h"

namespace echo::test {

std::string Fault::name() const { return as_test_name(call + ('_' + reason())); }

std::string Fault::reason() const { return ErrnoText{error}.to_string(); }

void PrintTo(const Fault& fault, std::ostream* out) {  // NOLINT(*-identifier-naming)
  *out << fault.name();
}

std::vector<Fault> faults(const char* call, std::initializer_list<int> errors,
                          const char* argument) {
  std::vector<Fault> faults;
  std::transform(errors.begin(), errors.end(), std::back_inserter(faults), [&](int error) {
    return Fault{call, error, argument};
  });
  return faults;
}

std::vector<Fault> join(std::initializer_list<std::vector<Fault>> lists) {
  std::vector<Fault> all;
  for (const std::vector<Fault>& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

std::string name_of_test(const testing::TestParamInfo<Fault>& info) { return info.param.name(); }

std::string inject(const Fault& fault, const std::string& when) {
  return std::string("--inject=") + fault.call + ":error=" + std::to_string(fault.error) +
         ":when=" + when;
}

std::string call_number_of(const Fault& fault, const Trace& trace, const std::string& after) {
  int place = 0;
  bool begun = false;
  for (const std::string& line : trace) {
    begun = begun || name_of(line) == after;
    if (name_of(line) != fault.call) continue;
    ++place;
    if (begun && line.find(fault.argument) != std::string::npos) return std::to_string(place);
  }
  throw std::runtime_error(std::string("not called: ") + fault.call);
}

}  // namespace echo::test
