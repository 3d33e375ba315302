#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"

namespace echo::test {

// The environment in which a program starts, besides its arguments.
struct LaunchSettings {
  std::optional<std::size_t> descriptors{};       // Both limits of RLIMIT_NOFILE.
  std::optional<std::size_t> soft_descriptors{};  // The soft limit only.
  std::optional<std::size_t> signals{};           // Both limits of RLIMIT_SIGPENDING.
  std::optional<std::size_t> stack{};             // Both limits of RLIMIT_STACK, in bytes.
  std::string standard_error{};                   // A file to write; otherwise a pipe to the test.
  std::string standard_output{};                  // The same.
  std::string standard_input{};                   // A file to read; otherwise a pipe from the test.
  std::vector<int> closed{};                      // Descriptors that are closed at the start.
  bool error_unread = false;                      // Standard error is a pipe without a reader.
  std::vector<int> ignored_signals{};
  // If not empty, the program runs in its own network namespace with only a loopback, and with
  // these settings, by their names under /proc/sys/net. Exits with kNoPrivateNetwork if that fails.
  std::map<std::string, std::string> private_network{};
  std::map<std::string, std::string> environment{};  // The value "$$" is its process ID.
  // Descriptors that a service manager passes, by name, with the variables that announce them.
  std::vector<std::pair<std::string, int>> passed{};
};

constexpr int kNoPrivateNetwork = 125;

// True if the programs are built with a sanitizer, whose allocator takes more memory.
constexpr bool sanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
  return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||
         __has_feature(memory_sanitizer);
#else
  return false;
#endif
}

// For a program whose memory is measured: limits the freed memory that a sanitizer keeps.
LaunchSettings measurable();

// A program under test, run as a user would run it. Functions that wait do so for at most
// kPatience, and then throw std::runtime_error with the standard error so far.
class Program {
 public:
  Program(const std::string& path, const std::vector<std::string>& arguments,
          const LaunchSettings& settings = {});
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  // Kills the program if it still runs.
  ~Program();

  pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;
  // Sends SIGSTOP, and waits until the program has stopped.
  void freeze() const;

  // Waits for a line of standard error with this text, after the last line that was waited for.
  // Returns the line.
  std::string wait_for_line(const std::string& text);

  // Waits until all of standard output so far equals the text.
  void wait_for_output(const std::string& text);
  // Waits until standard output contains the text.
  void wait_for_part_of_output(const std::string& text);

  // Reads all of standard error and output, and waits until the program ends. Returns its exit
  // status, or 128 plus the number of the signal that killed it.
  int wait_for_exit();

  void write_input(const std::string& text);
  void close_input() { input_.reset(); }

  // Standard error and output, as far as the functions that wait have read them.
  const std::string& error_text() const noexcept { return error_text_; }
  const std::string& output_text() const noexcept { return output_text_; }

  // Stops reading standard error, or output, so that the pipe fills up.
  void ignore_errors() noexcept { ignores_errors_ = true; }
  void ignore_output() noexcept { ignores_output_ = true; }
  // Closes the pipe of standard error, which has no reader then.
  void abandon_errors() noexcept { error_.reset(); }

  // From /proc: the processor time used, the memory in use, and its peak.
  std::chrono::nanoseconds cpu_time() const;
  std::size_t resident_memory() const;
  std::size_t peak_memory() const;
  // The memory in use without mapped files.
  std::size_t own_memory() const;
  std::size_t open_descriptors() const;
  // Waits until the program has `count` open descriptors.
  void wait_for_descriptors(std::size_t count) const;

  // A descriptor of the test for the same open file; none if the kernel forbids it.
  UniqueFd copy_descriptor(int fd) const;

 private:
  bool read_some();
  [[noreturn]] void give_up(const std::string& reason) const;

  pid_t pid_ = -1;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd error_;
  std::string error_text_;
  std::string output_text_;
  std::size_t waited_for_ = 0;
  bool ignores_errors_ = false;
  bool ignores_output_ = false;
};

// An echo_server on a free port.
class ServerProgram : public Program {
 public:
  explicit ServerProgram(const std::vector<std::string>& arguments = {},
                         const LaunchSettings& settings = {});

  std::uint16_t port() const noexcept { return port_; }
  // 127.0.0.1 with the server's port.
  Endpoint endpoint() const { return resolve("127.0.0.1", port_).front(); }

  // Stops the server by SIGTERM, and returns its exit status.
  int stop();

 private:
  std::uint16_t port_ = 0;
};

// The bytes that an echo_server has received, and the bytes pending, from its statistics.
std::uint64_t bytes_in(Program& server);
std::uint64_t bytes_pending(Program& server);

// Polls a condition that no event reports. Throws std::runtime_error if it is false for kPatience.
void wait_until(const std::function<bool()>& condition);

// Runs a program to its end.
struct Outcome {
  int status;
  std::string output;
  std::string error;
};
Outcome run(const std::string& path, const std::vector<std::string>& arguments,
            const std::string& input = {}, const LaunchSettings& settings = {});

// Raises the test's own descriptor limit to `count`. False if the hard limit is lower.
bool allow_descriptors(std::size_t count);

}  // namespace echo::test
