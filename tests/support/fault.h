#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <iosfwd>
#include <string>
#include <vector>

#include "echo/os/platform.h"
#include "support/traced_server.h"

namespace echo::test {

// A system call that strace(1) makes fail: the kernel does not execute it, and the program gets the
// error.
struct Fault {
  const char* call;
  int error;
  const char* argument = "";  // Selects the call by a part of its trace line.

  std::string name() const;
  std::string reason() const;
};

void PrintTo(const Fault& fault, std::ostream* out);  // NOLINT(*-identifier-naming)

std::vector<Fault> faults(const char* call, std::initializer_list<int> errors,
                          const char* argument = "");
std::vector<Fault> join(std::initializer_list<std::vector<Fault>> lists);

std::string name_of_test(const testing::TestParamInfo<Fault>& info);

// The option for strace. `when` selects the calls that fail: "2", "2+" (from the second on),
// "2..9", "2+2" (every second one).
std::string inject(const Fault& fault, const std::string& when);

constexpr const char* kFromTheStart = "execve";
inline const char* const kAcceptCall = is_posix_only() ? "accept" : "accept4";
inline const char* const kWhileServing = kAcceptCall;

// The number of the call to fail, as strace counts: the first one with the fault's argument, from
// the first call of `after` on.
std::string call_number_of(const Fault& fault, const Trace& trace, const std::string& after);

class FaultTest : public testing::TestWithParam<Fault> {
 protected:
  void SetUp() override {
    if (!can_trace()) GTEST_SKIP() << kCannotTrace;
  }
};

}  // namespace echo::test
