#pragma once

#include <sys/types.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "support/temporary_file.h"

namespace echo::test {

// The result of a shell command.
struct CommandResult {
  int status;
  std::string output;  // Standard output and standard error.
};
CommandResult shell(const std::string& command);

// No container can be made here. The message gives the reason.
class NoMachine : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A Debian with systemd and the package, booted in a container (systemd-nspawn(1)). The container
// has a network of its own, which this process joins for good. The destructor discards all changes.
class Machine {
 public:
  // Returns the reason why no container can be made here, or nullopt.
  static std::optional<std::string> obstacle();

  // Makes the directory tree unless it exists (about a minute), boots it and installs `package`.
  // Throws NoMachine if the container cannot be made or booted, std::runtime_error if the package
  // cannot be installed.
  explicit Machine(const std::string& package);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  // Runs a shell command in the container, as root.
  CommandResult run(const std::string& command) const;
  // Runs a shell command and returns its output. Throws std::runtime_error if the command fails.
  std::string must(const std::string& command) const;
  // Repeats a command until it succeeds, and returns its output. Throws std::runtime_error after
  // kPatience.
  std::string wait_for(const std::string& command) const;

 private:
  void boot();
  void enter_network() const;

  TemporaryFile console_;
  pid_t container_ = -1;
  pid_t leader_ = -1;  // Process 1 of the container, by its number outside.
};

}  // namespace echo::test
