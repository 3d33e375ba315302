#include "echo/cli/options.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <optional>

#include "echo/base/usage_error.h"

namespace echo {
namespace {

[[noreturn]] void reject(const std::string& option, const std::string& value,
                         const std::string& reason) {
  throw UsageError(option + ": '" + value + "' is " + reason);
}

constexpr const char* kWholeBytes = "a whole number of bytes";
constexpr std::uint64_t kSecond = std::chrono::nanoseconds{std::chrono::seconds{1}}.count();

// What a value should have been.
struct Wanted {
  const char* kind;
  const char* pieces;  // What the value of that kind should have been a number of.
};

template <typename Value>
Value fit(const std::string& option, const std::string& value, const Parsed<Value>& parsed,
          Wanted wanted) {
  if (parsed) return *parsed;
  switch (parsed.misfit()) {
    case Misfit::kTooLarge:
      reject(option, value, "too large");
    case Misfit::kTooFine:
      reject(option, value, std::string("not ") + wanted.pieces);
    case Misfit::kMalformed:
      break;
  }
  reject(option, value, std::string("not ") + wanted.kind);
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
  const auto number = parse_count(value);
  const bool is_too_large = !number && number.misfit() == Misfit::kTooLarge;
  if (is_too_large || (number && (*number < least || *number > most))) {
    reject(option, value,
           "out of range (" + std::to_string(least) + " to " + std::to_string(most) + ")");
  }
  return fit(option, value, number, {.kind = "a number", .pieces = "a whole number"});
}

std::size_t size_value(const std::string& option, const std::string& value) {
  const std::size_t size =
      fit(option, value, parse_size(value),
          {.kind = "a size (a number of bytes, or one with K, M or G)", .pieces = kWholeBytes});
  if (size == 0) reject(option, value, "out of range (1 byte at least)");
  return size;
}

Duration duration_value(const std::string& option, const std::string& value, Duration most) {
  const auto duration = parse_duration(value);
  const bool is_too_large = !duration && duration.misfit() == Misfit::kTooLarge;
  if (is_too_large || (duration && *duration > most)) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(most).count();
    reject(option, value, "too large (" + std::to_string(seconds) + "s at most)");
  }
  return fit(
      option, value, duration,
      {.kind = "a time (a number with ns, us, ms, s, m or h)", .pieces = "whole nanoseconds"});
}

Duration positive_duration_value(const std::string& option, const std::string& value) {
  const Duration duration = duration_value(option, value);
  if (duration == Duration{0}) reject(option, value, "out of range (more than 0)");
  return duration;
}

Rate rate_value(const std::string& option, const std::string& value, std::uint64_t most) {
  const auto rate = parse_rate(value);
  const auto is_in_range = [most](Rate parsed) {
    // More than `most` a second, multiplied by neither period.
    const std::uint64_t least_period = (parsed.count * kSecond + most - 1) / most;
    return parsed.count > 0 && least_period <= static_cast<std::uint64_t>(parsed.period.count());
  };
  const bool is_too_large = !rate && rate.misfit() == Misfit::kTooLarge;
  if (is_too_large || (rate && !is_in_range(*rate))) {
    reject(option, value, "out of range (more than 0, at most " + std::to_string(most) + "/s)");
  }
  return fit(option, value, rate,
             {.kind = "a rate (a number, or one with /s, /m or /h)",
              .pieces = "a rate of so few digits that it can be kept exactly"});
}

SizeRange size_range_value(const std::string& option, const std::string& value, std::size_t most) {
  const auto range = parse_size_range(value);
  const bool is_too_large = !range && range.misfit() == Misfit::kTooLarge;
  if (is_too_large || (range && (range->least == 0 || range->most > most))) {
    reject(option, value, "out of range (1 to " + std::to_string(most) + " bytes)");
  }
  return fit(
      option, value, range,
      {.kind = "a size, or two with '-' between them, the lesser first", .pieces = kWholeBytes});
}

std::string host_value(const std::string& option, const std::string& value) {
  // Only an IPv6 address has colons, and more than one.
  const bool has_brackets = value.starts_with('[');
  const auto colons = std::count(value.begin(), value.end(), ':');
  if (has_brackets && colons > 1 && value.find_first_of("[]", 1) == value.size() - 1) {
    return value.substr(1, value.size() - 2);
  }
  if (colons == 1 || (has_brackets && colons > 0)) {
    reject(option, value, "not a host (a name or an address; the port goes to --port)");
  }
  return value;
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
