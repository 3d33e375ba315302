#pragma once

#include <sys/types.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "support/temporary_file.h"

namespace echo::test {

// What a shell command did.
struct Shelled {
  int status;
  std::string output;  // Standard error too.
};
Shelled shell(const std::string& command);

// Why there can be none here.
class NoMachine : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A Debian with systemd and the package in it, booted in a container (systemd-nspawn(1)) with a
// network of its own, in which this process is from then on. Whatever happens in it is gone with
// it.
class Machine {
 public:
  // Why there can be none here; nullopt where there can.
  static std::optional<std::string> obstacle();

  // Makes the tree where there is none yet, which takes a minute, boots it, and installs `package`.
  // Throws NoMachine where none is to be had, std::runtime_error where the package is not to be
  // installed.
  explicit Machine(const std::string& package);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  // Runs a shell command in it, as root.
  Shelled run(const std::string& command) const;
  // The same, where it must succeed: returns the output. Throws std::runtime_error.
  std::string must(const std::string& command) const;
  // Waits until a command succeeds, and returns its output; for half a minute at most, and throws
  // std::runtime_error then.
  std::string wait_for(const std::string& command) const;

 private:
  void boot();
  void enter_network() const;

  TemporaryFile console_;
  pid_t container_ = -1;
  pid_t leader_ = -1;  // Its first process, as it is seen from here.
};

}  // namespace echo::test
