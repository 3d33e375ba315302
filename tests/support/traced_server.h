#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "echo/os/endpoint.h"
#include "support/program.h"
#include "support/temporary_file.h"

namespace echo::test {

// True if strace(1) is installed and may trace.
bool can_trace();

constexpr const char* kCannotTrace = "strace is missing, or may not trace";

// The system calls of a program in order, one per line as strace(1) writes them.
using Trace = std::vector<std::string>;

// The name of the call in a trace line.
std::string name_of(const std::string& line);

bool is_select(const std::string& line);

// The number of lines that contain the text.
std::size_t count_of(const Trace& trace, const std::string& text);

// An echo_server under strace(1), on a free port of 127.0.0.1.
class TracedServer {
 public:
  // Passes `options` to strace, and `arguments` to the server besides its address.
  explicit TracedServer(const std::vector<std::string>& options = {},
                        const std::vector<std::string>& arguments = {},
                        const LaunchSettings& settings = {});

  Program& program() { return program_; }
  const Endpoint& endpoint() const { return endpoint_; }

  // The trace so far.
  Trace trace() const;

  // Waits until strace has made at least `count` calls fail.
  void wait_for_faults(std::size_t count) const;

  // Waits until the server sleeps without a timeout: it makes no system call before an event.
  void wait_until_idle() const;

  // Stops the server by SIGTERM, and returns its trace.
  Trace stop();

  // The same for a server that is already stopping.
  Trace finish();

 private:
  TemporaryFile file_;
  Program program_;
  Endpoint endpoint_;
};

// Runs a program under strace(1) to its end. If a signal kills the program, strace kills itself by
// the same signal, so the status is always that of the program.
struct TracedOutcome {
  Outcome outcome;
  Trace trace;
};
TracedOutcome run_traced(const std::vector<std::string>& options, const std::string& path,
                         const std::vector<std::string>& arguments,
                         const std::string& standard_input = {});

}  // namespace echo::test
