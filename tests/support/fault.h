#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <iosfwd>
#include <string>
#include <vector>

#include "support/traced_server.h"

namespace echo::test {

// A system call that fails by strace(1)'s hand: it is not made, and the program is told that it
// failed.
struct Fault {
  const char* call;
  int error;
  const char* argument = "";  // Part of the call's line in a trace, where there are others of it.

  std::string name() const;
  std::string reason() const;
};

void PrintTo(const Fault& fault, std::ostream* out);  // NOLINT(*-identifier-naming)

std::vector<Fault> faults(const char* call, std::initializer_list<int> errors,
                          const char* argument = "");
std::vector<Fault> join(std::initializer_list<std::vector<Fault>> lists);

std::string name_of_test(const testing::TestParamInfo<Fault>& info);

// strace's option. `when` says which of the calls fail: "2", "2+" (all from there), "2..9", "2+2"
// (every other one).
std::string inject(const Fault& fault, const std::string& when);

constexpr const char* kFromTheStart = "execve";
constexpr const char* kWhileServing = "accept4";

// Which of its calls is the one that is meant, as strace counts: the first that has the argument,
// once `after` has been called.
std::string place_of(const Fault& fault, const Trace& trace, const std::string& after);

class FaultTest : public testing::TestWithParam<Fault> {
 protected:
  void SetUp() override {
    if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  }
};

}  // namespace echo::test
