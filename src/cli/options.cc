#include "echo/cli/options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <sstream>

#include "echo/base/usage_error.h"
#include "echo/cli/option_hints.h"

namespace echo {
namespace {

constexpr const char* kWholeBytes = "a whole number of bytes";
constexpr std::uint64_t kSecond = std::chrono::nanoseconds{std::chrono::seconds{1}}.count();

// What a value should have been.
struct Wanted {
  const char* kind;
  const char* pieces;  // The text for a value with too many decimals.
  std::string range;   // The text for a value that is too large or out of range.
};

template <typename Value, typename IsInRange>
Value fit(const OptionValue& value, const Parsed<Value>& parsed, const Wanted& wanted,
          IsInRange is_in_range) {
  if (parsed && is_in_range(*parsed)) return *parsed;
  if (parsed || parsed.error() == ParseError::kTooLarge) value.reject(wanted.range);
  value.reject(std::string("not ") +
               (parsed.error() == ParseError::kTooFine ? wanted.pieces : wanted.kind));
}

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

// The value that getopt_long(3) returns for the first long option: above all letters.
constexpr int kFirstVal = 256;

bool is_option(std::string_view word) { return word.size() > 1 && word.starts_with('-'); }

bool takes_value(const Option& option) { return *option.argument != '\0'; }

OptionTable with_help(OptionTable table, Action& action) {
  table.push_back(
      {0, "help", "", "Show this help and exit", [&action](auto&) { action = Action::kHelp; }});
  table.push_back({0, "version", "", "Show the version and exit",
                   [&action](auto&) { action = Action::kVersion; }});
  return table;
}

// Throws UsageError for an option for which getopt_long() has returned the error `val`. `word` is
// argv[optind - 1]. An unknown letter at the end of a word is in `word`. Any other is in `next`,
// the first option from argv[optind] on: with musl, arguments may precede it.
[[noreturn]] void refuse(int val, const std::string& word, std::string_view next,
                         const OptionTable& table) {
  const auto letter = static_cast<char>(optopt);
  if (val == ':') {
    throw UsageError("option '" + (word.starts_with("--") ? word : std::string{'-', letter}) +
                     "' needs a value");
  }
  // getopt_long() sets optopt to 0 for an unknown long option, to the val of a long option that
  // takes no value but has one, and to an unknown letter itself.
  if (optopt >= kFirstVal) throw UsageError("option '" + word + "' takes no value");
  if (optopt != 0) {
    const bool is_read = word.starts_with('-') && word.ends_with(letter);
    throw UsageError("unknown option '" + std::string{'-', letter} + "'" +
                     letter_hint(letter, is_read ? word : next, table));
  }
  throw UsageError((is_ambiguous(word, table) ? "ambiguous option '" : "unknown option '") + word +
                   "'" + long_option_hint(word, table));
}

std::string synopsis_of(const Option& option) {
  std::string text = "      --";
  if (option.letter != 0) text.replace(2, 3, {'-', option.letter, ','});
  text += option.name;
  if (takes_value(option)) text.append(" ").append(option.argument);
  return text;
}

// Returns lines of at most 80 columns, with the help text to the right of the first `column`.
std::string help_of(const Option& option, std::size_t column) {
  constexpr std::size_t kWidth = 80;
  std::string line = synopsis_of(option);
  line.resize(column, ' ');
  std::string text;
  std::string help = option.help;
  if (!option.default_value.empty()) help += " (default: " + option.default_value + ")";
  std::istringstream words(help);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kWidth) {
      text += line + '\n';
      line.assign(column, ' ');
    }
    line += ' ' + word;
  }
  return text + line + '\n';
}

}  // namespace

void OptionValue::reject(const std::string& reason) const {
  throw UsageError(option + ": '" + text + "' is " + reason);
}

std::uint64_t OptionValue::whole_number(std::uint64_t least, std::uint64_t most) const {
  return fit(
      *this, parse_count(text),
      {.kind = "a number such as 500 or 20K",
       .pieces = "a whole number",
       .range = "out of range (" + std::to_string(least) + " to " + std::to_string(most) + ")"},
      [=](std::uint64_t number) { return number >= least && number <= most; });
}

std::size_t OptionValue::size() const {
  const std::size_t size =
      fit(*this, parse_size(text),
          {.kind = "a size (bytes, or a number with K, M or G)",
           .pieces = kWholeBytes,
           .range = "too large (" + std::to_string(SIZE_MAX) + " bytes at most)"},
          [](std::size_t) { return true; });
  if (size == 0) reject("out of range (at least 1 byte)");
  return size;
}

Duration OptionValue::duration(Duration most) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(most).count();
  return fit(*this, parse_duration(text),
             {.kind = "a time (a number with ns, us, ms, s, m or h)",
              .pieces = "whole nanoseconds",
              .range = "too large (" + std::to_string(seconds) + "s at most)"},
             [=](Duration duration) { return duration <= most; });
}

Duration OptionValue::positive_duration() const {
  const Duration time = duration();
  if (time == Duration{0}) reject("out of range (more than 0)");
  return time;
}

Rate OptionValue::rate(std::uint64_t most) const {
  const auto is_in_range = [most](Rate rate) {
    // Compares without a multiplication of both periods, which could overflow.
    const std::uint64_t least_period = (rate.count * kSecond + most - 1) / most;
    return rate.count > 0 && least_period <= static_cast<std::uint64_t>(rate.period.count());
  };
  return fit(*this, parse_rate(text),
             {.kind = "a rate (a number, or one with /s, /m or /h)",
              .pieces = "a rate that can be kept exactly; use fewer digits",
              .range = "out of range (more than 0, at most " + std::to_string(most) + "/s)"},
             is_in_range);
}

SizeRange OptionValue::size_range(std::size_t most) const {
  return fit(*this, parse_size_range(text),
             {.kind = "a size or a range of sizes, such as 64-64K",
              .pieces = kWholeBytes,
              .range = "out of range (1 to " + std::to_string(most) + " bytes)"},
             [=](SizeRange range) { return range.least > 0 && range.most <= most; });
}

std::string OptionValue::host() const {
  // Only an IPv6 address has colons, and more than one.
  const bool has_brackets = text.starts_with('[');
  const auto colons = std::count(text.begin(), text.end(), ':');
  if (has_brackets && colons > 1 && text.find_first_of("[]", 1) == text.size() - 1) {
    return text.substr(1, text.size() - 2);
  }
  if (colons == 1 || (has_brackets && colons > 0)) {
    reject("not a host name or address; use --port for the port");
  }
  return text;
}

std::vector<Endpoint> OptionValue::addresses() const {
  std::vector<Endpoint> parsed;
  std::istringstream parts(text + ",");
  for (std::string part; std::getline(parts, part, ',');) {
    const bool has_brackets = part.starts_with('[') && part.ends_with(']');
    parsed.push_back(parse_address(has_brackets ? part.substr(1, part.size() - 2) : part));
    if (parsed.back().family() == AF_UNSPEC) {
      reject("not an IP address, nor several separated by commas");
    }
  }
  return parsed;
}

unsigned OptionValue::dscp() const {
  const auto parsed = parse_dscp(text);
  if (!parsed) reject("not a class of service (0 to 63, or a name such as EF, AF41 or CS1)");
  return *parsed;
}

std::uint16_t OptionValue::port() const {
  if (is_number(text)) return number(0, std::uint16_t{65535});
  const servent* const service = ::getservbyname(text.c_str(), "tcp");
  if (service == nullptr) {
    reject("not a port (a number from 0 to 65535, or the name of a TCP service)");
  }
  return ntohs(static_cast<std::uint16_t>(service->s_port));
}

LogLevel OptionValue::log_level() const {
  const auto level = parse_log_level(text);
  if (!level) reject("not a log level (error, warning, info or debug)");
  return *level;
}

bool Given::has(std::string_view option) const {
  return std::find(options.begin(), options.end(), option) != options.end();
}

void Given::expect_no_arguments(std::string_view number_option) const {
  if (arguments.empty()) return;
  const std::string& first = arguments.front();
  std::string hint = "; see --help";
  if (!number_option.empty() && is_number(first)) {
    hint = "; did you mean '" + std::string(number_option) + " " + first + "'?";
  }
  throw UsageError("unexpected argument '" + first + "'" + hint);
}

Given walk_command_line(int argc, char* const* argv, const OptionTable& table) {
  Given given;
  const OptionTable all = with_help(table, given.action);
  std::string letters(":");
  std::vector<option> names;
  for (const Option& each : all) {
    names.push_back({each.name, takes_value(each) ? required_argument : no_argument, nullptr,
                     kFirstVal + static_cast<int>(names.size())});
    if (each.letter == 0) continue;
    letters += each.letter;
    if (takes_value(each)) letters += ':';
  }
  names.push_back({});

  opterr = 0;
  optind = 0;
  while (given.action == Action::kRun) {
    const int val = ::getopt_long(argc, argv, letters.c_str(), names.data(), nullptr);
    if (val == -1) {
      given.arguments.assign(argv + std::min(optind, argc), argv + argc);
      break;
    }
    // With musl, optind counts a missing value too, and the null pointer at the end may have moved.
    const char* const last = argv[std::min(optind, argc) - 1];
    const std::string_view word = last == nullptr ? "" : last;
    if (val == ':' || val == '?') {
      const auto* const next = std::find_if(argv + std::min(optind, argc), argv + argc, is_option);
      refuse(val, std::string(word), next == argv + argc ? "" : *next, all);
    }
    const auto found = val >= kFirstVal
                           ? all.begin() + (val - kFirstVal)
                           : std::find_if(all.begin(), all.end(),
                                          [val](const Option& each) { return each.letter == val; });
    given.options.emplace_back(found->name);
    try {
      found->apply(
          {.option = std::string("--") + found->name, .text = takes_value(*found) ? optarg : ""});
    } catch (const UsageError& error) {
      throw UsageError(error.what() + single_dash_hint(word, all));
    }
  }
  return given;
}

std::string options_help(const OptionTable& table) {
  Action unused{};
  const OptionTable all = with_help(table, unused);
  std::size_t column = 0;
  for (const Option& option : all) column = std::max(column, synopsis_of(option).size() + 1);
  std::string text;
  for (const Option& option : all) text += option.heading + help_of(option, column);
  return text + R"(
TIME takes ns, us, ms, s (default), m or h; SIZE takes K, M or G (powers of
1024); N takes K, M or G (powers of 1000). Decimals are allowed.
)";
}

}  // namespace echo
