#include "support/traced_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <sstream>
#include <utility>

namespace echo::test {
namespace {

// A leak check must trace the program itself, which is impossible under strace.
LaunchSettings traceable(LaunchSettings settings = {}) {
  settings.environment.insert({"ASAN_OPTIONS", "detect_leaks=0"});
  return settings;
}

std::vector<std::string> strace_arguments(const std::string& output,
                                          const std::vector<std::string>& options,
                                          const std::string& path,
                                          const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"-o", output};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(path);
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

std::vector<std::string> server_under_strace(const std::string& output,
                                             std::vector<std::string> options,
                                             std::vector<std::string> arguments) {
  // The server stays a child of the test, and strace runs beside it.
  options.emplace_back("-D");
  // With -v the server writes log lines between its other calls: they must not disturb it.
  arguments.insert(arguments.begin(), {"-H", "127.0.0.1", "-p", "0", "-v"});
  return strace_arguments(output, options, ECHO_SERVER, arguments);
}

Trace read_trace(const TemporaryFile& file) {
  std::istringstream lines(file.contents());
  Trace trace;
  for (std::string line; std::getline(lines, line);) trace.push_back(line);
  return trace;
}

}  // namespace

bool can_trace() { return run("strace", {"-o", "/dev/null", "true"}).status == 0; }

std::string name_of(const std::string& line) { return line.substr(0, line.find('(')); }

bool is_select(const std::string& line) {
  return name_of(line) == "pselect6" || name_of(line) == "select";
}

std::size_t count_of(const Trace& trace, const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(trace.begin(), trace.end(),
                    [&](const std::string& line) { return line.find(text) != std::string::npos; }));
}

TracedServer::TracedServer(const std::vector<std::string>& options,
                           const std::vector<std::string>& arguments,
                           const LaunchSettings& settings)
    : program_("strace", server_under_strace(file_.path(), options, arguments),
               traceable(settings)) {
  const std::string line = program_.wait_for_line("starting up on ");
  const std::string port = line.substr(line.rfind(' '));
  endpoint_ = resolve("127.0.0.1", static_cast<std::uint16_t>(std::stoul(port))).front();
}

Trace TracedServer::trace() const { return read_trace(file_); }

void TracedServer::wait_for_faults(std::size_t count) const {
  wait_until([&] { return count_of(trace(), "(INJECTED)") >= count; });
}

void TracedServer::wait_until_idle() const {
  wait_until([&] {
    const Trace calls = trace();
    return !calls.empty() && is_select(calls.back()) &&
           calls.back().find(", NULL, {") != std::string::npos &&
           calls.back().find(") = ") == std::string::npos;
  });
}

Trace TracedServer::stop() {
  program_.signal(SIGTERM);
  return finish();
}

Trace TracedServer::finish() {
  EXPECT_EQ(program_.wait_for_exit(), 0) << program_.error_text();
  // strace writes its last lines after the server has ended.
  wait_until([&] { return count_of(trace(), "+++ exited") > 0; });
  return trace();
}

TracedOutcome run_traced(const std::vector<std::string>& options, const std::string& path,
                         const std::vector<std::string>& arguments,
                         const std::string& standard_input) {
  const TemporaryFile file;
  LaunchSettings settings = traceable();
  settings.standard_input = standard_input;
  Outcome outcome =
      run("strace", strace_arguments(file.path(), options, path, arguments), {}, settings);
  return {.outcome = std::move(outcome), .trace = read_trace(file)};
}

}  // namespace echo::test
