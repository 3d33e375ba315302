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

// What a program is started with besides its arguments.
struct Surroundings {
  std::optional<std::size_t> descriptors{};       // Both limits of RLIMIT_NOFILE.
  std::optional<std::size_t> soft_descriptors{};  // The soft one alone.
  std::optional<std::size_t> signals{};           // Both limits of RLIMIT_SIGPENDING.
  std::optional<std::size_t> stack{};             // Both limits of RLIMIT_STACK, in bytes.
  std::string standard_error{};                   // A file to write it to; else a pipe to us.
  std::string standard_output{};                  // Likewise.
  std::string standard_input{};                   // A file to read; else a pipe from us.
  std::vector<int> closed{};                      // Descriptors that it finds closed.
  bool error_unread = false;                      // Its standard error is a pipe without a reader.
  std::vector<int> ignored_signals{};
  // Where not empty: a network of its own with a loopback only, and these settings, by their names
  // under /proc/sys/net. Exits with kNoPrivateNetwork where that is not permitted.
  std::map<std::string, std::string> private_network{};
  std::map<std::string, std::string> environment{};  // "$$" stands for its process's number.
  // What a service manager passes to it, by name, with the variables that tell of it.
  std::vector<std::pair<std::string, int>> passed{};
};

constexpr int kNoPrivateNetwork = 125;

// Whether the programs are built with a sanitizer: its allocator takes more memory.
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

// For a program whose memory is looked at: a sanitizer that keeps freed memory for a while would be
// measured in its place.
Surroundings measurable();

// A program under test, run as a user would run it. What waits here does so for kPatience at
// most, and throws std::runtime_error then, with the standard error so far in its text.
class Program {
 public:
  Program(const std::string& path, const std::vector<std::string>& arguments,
          const Surroundings& surroundings = {});
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  // Kills it, if it still runs.
  ~Program();

  pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;
  // Stops it by SIGSTOP, and waits until it stands still.
  void freeze() const;

  // Waits until a line of standard error, after the last one that was waited for, has the text in
  // it. Returns the line.
  std::string wait_for_line(const std::string& text);

  // Waits until it has written so much of standard output.
  void wait_for_output(const std::string& text);
  // Waits until the text is somewhere in it.
  void wait_for_part_of_output(const std::string& text);

  // Its exit status, or 128 and the number of the signal that killed it. All of its standard error
  // and output has been read then.
  int wait_for_exit();

  void write_input(const std::string& text);
  void close_input() { input_.reset(); }

  // What has been read of them, in wait_for_line() and wait_for_exit().
  const std::string& error_text() const noexcept { return error_text_; }
  const std::string& output_text() const noexcept { return output_text_; }

  // Stops reading its standard error, or output: the pipe fills up.
  void ignore_errors() noexcept { ignores_errors_ = true; }
  void ignore_output() noexcept { ignores_output_ = true; }
  // Leaves its standard error without a reader.
  void abandon_errors() noexcept { error_.reset(); }

  // From /proc. The time that it has run, the memory that it has, and the most that it has had.
  std::chrono::nanoseconds cpu_time() const;
  std::size_t resident_memory() const;
  std::size_t peak_memory() const;
  // What of it are not files that it maps.
  std::size_t own_memory() const;
  std::size_t open_descriptors() const;
  // Waits until it has so many descriptors open.
  void wait_for_descriptors(std::size_t count) const;

  // A descriptor of ours for the same file; none where the system forbids it.
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
                         const Surroundings& surroundings = {});

  std::uint16_t port() const noexcept { return port_; }
  // 127.0.0.1 and its port.
  Endpoint endpoint() const { return resolve("127.0.0.1", port_).front(); }

  // Ends it by SIGTERM, and returns its exit status.
  int stop();

 private:
  std::uint16_t port_ = 0;
};

// How much an echo_server has received, and how much more than it has sent, by its statistics.
std::uint64_t bytes_in(Program& server);
std::uint64_t bytes_owed(Program& server);

// For what has no event to wait for: asks again and again whether it is so, for kPatience at
// most, and throws std::runtime_error then.
void wait_until(const std::function<bool()>& condition);

// Runs a program to its end.
struct Outcome {
  int status;
  std::string output;
  std::string error;
};
Outcome run(const std::string& path, const std::vector<std::string>& arguments,
            const std::string& input = {}, const Surroundings& surroundings = {});

// Raises the test's own limit of descriptors. False where the hard limit is lower.
bool allow_descriptors(std::size_t count);

}  // namespace echo::test
