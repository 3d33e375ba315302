#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/os/log.h"

namespace echo {

// What a command line asks for.
enum class Action { kRun, kHelp, kVersion };

// The value of an option, and what it stands for. Each function throws UsageError, with the
// option's name and the value in its text, if the value is malformed, out of range, or not whole.
struct OptionValue {
  std::string option;  // "--port".
  std::string text;

  std::uint64_t number(std::uint64_t least, std::uint64_t most) const;
  // From 1 byte on.
  std::size_t size() const;
  Duration duration(Duration most = kMaxDuration) const;
  // More than 0, for a time in which something must happen.
  Duration positive_duration() const;
  // More than 0, and at most `most` a second.
  Rate rate(std::uint64_t most) const;
  // Sizes from 1 byte to `most`.
  SizeRange size_range(std::size_t most) const;
  // A name or an address. An IPv6 address may have its brackets; a port is refused.
  std::string host() const;
  // A number from 0 to 65535, or the name of a TCP service (services(5)).
  std::uint16_t port() const;
  LogLevel log_level() const;

  // Throws the UsageError "--port: 'x' is REASON".
  [[noreturn]] void reject(const std::string& reason) const;
};

// An option, a row of a program's table.
struct Option {
  char letter;  // 0: none.
  const char* name;
  const char* argument;  // What the help calls its value. Empty: it takes none.
  const char* help;
  std::function<void(const OptionValue&)> apply;  // To the settings that the table is made for.
  std::string default_value{};                    // The help ends with it. Empty: there is none.
  std::string heading{};                          // Lines above it in the help.
};

// All options of a program but --help and --version, which every program has.
using OptionTable = std::vector<Option>;

// What a command line has, besides the values of its options.
struct Given {
  Action action = Action::kRun;
  std::vector<std::string_view> options;  // The names of those given, in order.
  std::vector<std::string> arguments;     // None unless the action is to run.

  bool has(std::string_view option) const;

  // For a program that takes none: throws UsageError with the first of them.
  void expect_no_arguments() const;
};

// Walks a command line by getopt_long(3), GNU style, and applies each option: options and arguments
// in any order, `--` ends the options, --help and --version end the walk. Throws UsageError at an
// option that the table does not have, at one without its value, and at a wrong value.
// getopt_long() keeps its place in globals: one walk at a time.
Given walk_command_line(int argc, char* const* argv, const OptionTable& table);

// The table as --help prints it, and below it how a value is written.
std::string options_help(const OptionTable& table);

}  // namespace echo
