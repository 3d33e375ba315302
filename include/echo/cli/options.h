#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "echo/os/log.h"

namespace echo {

// The action that the command line requests.
enum class Action { kRun, kHelp, kVersion };

// The value of an option. The conversions throw UsageError, with the option's name and the value in
// its text, if the value is malformed, out of range or not whole.
struct OptionValue {
  std::string option;  // "--port".
  std::string text;

  // A whole number. The result has the type of `most`.
  template <std::integral Number>
  Number number(std::type_identity_t<Number> least, Number most) const {
    return static_cast<Number>(
        whole_number(static_cast<std::uint64_t>(least), static_cast<std::uint64_t>(most)));
  }
  std::uint64_t whole_number(std::uint64_t least, std::uint64_t most) const;
  // From 1 byte to SIZE_MAX.
  std::size_t size() const;
  Duration duration(Duration most = kMaxDuration) const;
  // More than 0: for a time limit.
  Duration positive_duration() const;
  // More than 0, and at most `most` per second.
  Rate rate(std::uint64_t most) const;
  // Sizes from 1 byte to `most`.
  SizeRange size_range(std::size_t most) const;
  // A name or an address. Removes the brackets of an IPv6 address; rejects a port.
  std::string host() const;
  // Numeric addresses, separated by commas.
  std::vector<Endpoint> addresses() const;
  // A number from 0 to 63, or the name of a class: see parse_dscp().
  unsigned dscp() const;
  // A number from 0 to 65535, or the name of a TCP service (services(5)).
  std::uint16_t port() const;
  LogLevel log_level() const;

  // Throws UsageError with the text "--port: 'x' is REASON".
  [[noreturn]] void reject(const std::string& reason) const;
};

// An option: one row of a program's table.
struct Option {
  char letter;  // 0: none.
  const char* name;
  const char* argument;  // The name of its value in the help. Empty: no value.
  const char* help;
  std::function<void(const OptionValue&)> apply;  // Applies the value to the settings.
  std::string default_value{};                    // The help ends with it. Empty: none.
  std::string heading{};                          // Lines above the option in the help.
};

// All options of a program except --help and --version, which every program has.
using OptionTable = std::vector<Option>;

// The contents of a command line, except the values of its options.
struct Given {
  Action action = Action::kRun;
  std::vector<std::string_view> options;  // The names of the given options, in order.
  std::vector<std::string> arguments;     // None for --help and --version.

  bool has(std::string_view option) const;

  // For a program that takes no arguments: throws UsageError with the first argument. If that is a
  // number, the text suggests `number_option`, such as "--port".
  void expect_no_arguments(std::string_view number_option = {}) const;
};

// Reads a command line with getopt_long(3), GNU style, and applies each option. Options and
// arguments may come in any order; `--` ends the options; --help and --version end the walk. Throws
// UsageError for an unknown option, a missing or superfluous value, or a wrong value. getopt_long()
// has global state, so only one walk may run at a time.
Given walk_command_line(int argc, char* const* argv, const OptionTable& table);

// Returns the table as --help prints it, followed by the notation of values.
std::string options_help(const OptionTable& table);

}  // namespace echo
