#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "echo/os/endpoint.h"
#include "support/program.h"
#include "support/temporary_file.h"

namespace echo::test {

// Whether strace(1) is here, and may trace.
bool can_trace();

constexpr const char* kCannotTrace = "strace is missing, or may not trace";

// The system calls that a program made, in order, one a line as strace(1) writes them.
using Trace = std::vector<std::string>;

// The name of the call in a line of a trace.
std::string name_of(const std::string& line);

bool is_select(const std::string& line);

// How many lines have the text in them.
std::size_t count_of(const Trace& trace, const std::string& text);

// An echo_server under strace(1), on a free port of 127.0.0.1.
class TracedServer {
 public:
  // `options` are strace's, `arguments` the server's besides its address.
  explicit TracedServer(const std::vector<std::string>& options = {},
                        const std::vector<std::string>& arguments = {},
                        const Surroundings& surroundings = {});

  Program& program() { return program_; }
  const Endpoint& endpoint() const { return endpoint_; }

  // What it did so far.
  Trace trace() const;

  // Waits until so many of its calls were made to fail.
  void wait_for_faults(std::size_t count) const;

  // Waits until it sleeps for ever, and so makes no system call until something happens.
  void wait_until_idle() const;

  // Stops it by SIGTERM, and returns what it did.
  Trace stop();

  // The same for one that has been told to stop already.
  Trace finish();

 private:
  TemporaryFile file_;
  Program program_;
  Endpoint endpoint_;
};

// Runs a program under strace(1) to its end. A program that a signal kills takes strace with it, so
// the status is the program's own.
struct TracedOutcome {
  Outcome outcome;
  Trace trace;
};
TracedOutcome run_traced(const std::vector<std::string>& options, const std::string& path,
                         const std::vector<std::string>& arguments,
                         const std::string& standard_input = {});

}  // namespace echo::test
