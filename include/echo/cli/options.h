#pragma once

#include <getopt.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "echo/base/parse.h"
#include "echo/base/time.h"
#include "echo/os/log.h"

namespace echo {

// What a command line asks for.
enum class Action { kRun, kHelp, kVersion };

// The `val` in getopt_long(3)'s table of an option that has no short form: of those that every
// program has, and of the first that is a program's own.
enum LongOption {
  kFirstLongOption = 256,
  kHelp = kFirstLongOption,
  kVersion,
  kQuiet,
  kFirstOwnOption
};

// Walks a command line by getopt_long(3), GNU style: options and arguments in any order, `--` ends
// the options. The short options are those of the table whose val is a letter. getopt_long() keeps
// its place in globals: one walk at a time.
class OptionWalk {
 public:
  // `table` ends with an entry of zeros, and outlives the walk.
  OptionWalk(int argc, char* const* argv, const option* table);

  // Goes to the next option and returns its val; -1 after the last one. Throws UsageError at one
  // that the table does not have, or that misses its value.
  int next();

  // The value of the option that next() returned.
  std::string value() const { return optarg; }

  // The rest of the command line, once next() has returned -1.
  std::vector<std::string> arguments() const;

  // For a program that takes none: throws UsageError, naming the first of them.
  void expect_no_arguments() const;

 private:
  bool is_val_of_option(int val) const;

  int argc_;
  char* const* argv_;
  const option* table_;
  std::string short_options_;
};

// An option's value as what it should be. Each throws UsageError with the option's name and the
// value in its text if it is not: not written like that, too large, or not whole.
std::uint64_t number_value(const std::string& option, const std::string& value, std::uint64_t least,
                           std::uint64_t most);
// From 1 byte on.
std::size_t size_value(const std::string& option, const std::string& value);
Duration duration_value(const std::string& option, const std::string& value,
                        Duration most = kMaxDuration);
// More than 0, where 0 would be no time to wait or measure.
Duration positive_duration_value(const std::string& option, const std::string& value);
// More than 0, and at most `most` a second.
Rate rate_value(const std::string& option, const std::string& value, std::uint64_t most);
// Sizes from 1 byte to `most`.
SizeRange size_range_value(const std::string& option, const std::string& value, std::size_t most);
// A name or an address. An IPv6 address may have its brackets; a port is refused.
std::string host_value(const std::string& option, const std::string& value);
LogLevel log_level_value(const std::string& option, const std::string& value);

// A number from 0 to 65535, or the name of a TCP service (services(5)).
std::uint16_t port_value(const std::string& option, const std::string& value);

}  // namespace echo
