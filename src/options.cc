#include "echo/options.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <optional>

namespace echo {
namespace {

[[noreturn]] void reject(const std::string& option, const std::string& value,
                         const std::string& reason) {
  throw UsageError(option + ": '" + value + "' is " + reason);
}

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

OptionWalk::OptionWalk(int argc, char* const* argv, const option* table)
    : argc_(argc), argv_(argv), table_(table), short_options_(":") {
  for (const option* entry = table; entry->name != nullptr; ++entry) {
    if (entry->val >= kFirstLongOption) continue;
    short_options_ += static_cast<char>(entry->val);
    if (entry->has_arg == required_argument) short_options_ += ':';
  }
  opterr = 0;
  optind = 0;
}

int OptionWalk::next() {
  const int val = ::getopt_long(argc_, argv_, short_options_.c_str(), table_, nullptr);
  if (val != ':' && val != '?') return val;
  const std::string last = argv_[optind - 1];
  const std::string letter = std::string("-") + static_cast<char>(optopt);
  if (val == ':') {
    throw UsageError("option '" + (last.starts_with("--") ? last : letter) + "' needs a value");
  }
  // getopt_long() tells of a long option that it does not know by 0, of one with a value that it
  // should not have by its val, and of a letter that it does not know by the letter.
  if (optopt == 0) throw UsageError("unknown or ambiguous option '" + last + "'");
  if (is_val_of_option(optopt)) throw UsageError("option '" + last + "' takes no value");
  throw UsageError("unknown option '" + letter + "'");
}

bool OptionWalk::is_val_of_option(int val) const {
  for (const option* entry = table_; entry->name != nullptr; ++entry) {
    if (entry->val == val) return true;
  }
  return false;
}

std::vector<std::string> OptionWalk::arguments() const { return {argv_ + optind, argv_ + argc_}; }

void OptionWalk::expect_no_arguments() const {
  if (optind < argc_) throw UsageError(std::string("unexpected argument '") + argv_[optind] + "'");
}

std::uint64_t number_value(const std::string& option, const std::string& value, std::uint64_t least,
                           std::uint64_t most) {
  const auto number = parse_number(value);
  if (!number && !is_number(value)) reject(option, value, "not a number");
  if (!number || *number < least || *number > most) {
    reject(option, value,
           "out of range (" + std::to_string(least) + " to " + std::to_string(most) + ")");
  }
  return *number;
}

std::size_t size_value(const std::string& option, const std::string& value) {
  const auto size = parse_size(value);
  if (!size) reject(option, value, "not a size (a number of bytes, or one with K, M or G)");
  if (*size == 0) reject(option, value, "out of range (1 byte at least)");
  return *size;
}

Duration duration_value(const std::string& option, const std::string& value, Duration most) {
  const auto duration = parse_duration(value);
  if (!duration || *duration > most) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(most).count();
    reject(option, value,
           "not a time (a number with us, ms, s, m or h, of at most " + std::to_string(seconds) +
               "s)");
  }
  return *duration;
}

Duration positive_duration_value(const std::string& option, const std::string& value) {
  const Duration duration = duration_value(option, value);
  if (duration == Duration{0}) reject(option, value, "out of range (more than 0)");
  return duration;
}

Rate rate_value(const std::string& option, const std::string& value, std::uint64_t most) {
  const auto rate = parse_rate(value);
  if (!rate) reject(option, value, "not a rate (a number, or one with /s)");
  if (rate->count == 0 || rate->count > most) {
    reject(option, value, "out of range (1/s to " + std::to_string(most) + "/s)");
  }
  return *rate;
}

SizeRange size_range_value(const std::string& option, const std::string& value, std::size_t most) {
  const auto range = parse_size_range(value);
  if (!range) reject(option, value, "not a size, or two with '-' between them, the lesser first");
  if (range->least == 0 || range->most > most) {
    reject(option, value, "out of range (1 to " + std::to_string(most) + " bytes)");
  }
  return *range;
}

LogLevel log_level_value(const std::string& option, const std::string& value) {
  const auto level = parse_log_level(value);
  if (!level) reject(option, value, "not a log level (error, warning, info or debug)");
  return *level;
}

std::uint16_t port_value(const std::string& option, const std::string& value) {
  if (is_number(value)) return static_cast<std::uint16_t>(number_value(option, value, 0, 65535));
  const servent* const service = ::getservbyname(value.c_str(), "tcp");
  if (service == nullptr) {
    reject(option, value, "not a port (a number from 0 to 65535, or the name of a TCP service)");
  }
  return ntohs(static_cast<std::uint16_t>(service->s_port));
}

}  // namespace echo
