#include "echo/cli/options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netdb.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <sstream>

#include "echo/base/usage_error.h"

namespace echo {
namespace {

constexpr const char* kWholeBytes = "a whole number of bytes";
constexpr std::uint64_t kSecond = std::chrono::nanoseconds{std::chrono::seconds{1}}.count();

// What a value should have been.
struct Wanted {
  const char* kind;
  const char* pieces;  // What the value of that kind should have been a number of.
  std::string range;   // Why a value that is too large, or out of range, is refused.
};

template <typename Value, typename IsInRange>
Value fit(const OptionValue& value, const Parsed<Value>& parsed, const Wanted& wanted,
          IsInRange is_in_range) {
  if (parsed && is_in_range(*parsed)) return *parsed;
  if (parsed || parsed.misfit() == Misfit::kTooLarge) value.reject(wanted.range);
  value.reject(std::string("not ") +
               (parsed.misfit() == Misfit::kTooFine ? wanted.pieces : wanted.kind));
}

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

// In getopt_long(3)'s table the val of the first long option; it returns a letter as it is.
constexpr int kFirstVal = 256;

bool takes_value(const Option& option) { return *option.argument != '\0'; }

OptionTable with_help(OptionTable table, Action& action) {
  table.push_back(
      {0, "help", "", "show this text and exit", [&action](auto&) { action = Action::kHelp; }});
  table.push_back({0, "version", "", "show the version and exit",
                   [&action](auto&) { action = Action::kVersion; }});
  return table;
}

// Of an option that getopt_long() has refused with that val, in that word or before it.
[[noreturn]] void refuse(int val, const std::string& word) {
  const std::string letter = std::string("-") + static_cast<char>(optopt);
  if (val == ':') {
    throw UsageError("option '" + (word.starts_with("--") ? word : letter) + "' needs a value");
  }
  // getopt_long() reports a long option that it does not know by 0, one with a value that it should
  // not have by its val, and a letter that it does not know by the letter.
  if (optopt == 0) throw UsageError("unknown or ambiguous option '" + word + "'");
  if (optopt >= kFirstVal) throw UsageError("option '" + word + "' takes no value");
  throw UsageError("unknown option '" + letter + "'");
}

// In lines of at most 80 columns, the help in a column of its own.
std::string help_of(const Option& option) {
  constexpr std::size_t kWidth = 80;
  constexpr std::size_t kBeforeHelp = 27;
  std::string line = "      --";
  if (option.letter != 0) line.replace(2, 3, {'-', option.letter, ','});
  line += option.name;
  if (takes_value(option)) line.append(" ").append(option.argument);
  line.resize(std::max(line.size() + 1, kBeforeHelp), ' ');
  std::string text;
  std::string help = option.help;
  if (!option.default_value.empty()) help += " (default: " + option.default_value + ")";
  std::istringstream words(help);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kWidth) {
      text += line + '\n';
      line.assign(kBeforeHelp, ' ');
    }
    line += ' ' + word;
  }
  return text + line + '\n';
}

}  // namespace

void OptionValue::reject(const std::string& reason) const {
  throw UsageError(option + ": '" + text + "' is " + reason);
}

std::uint64_t OptionValue::number(std::uint64_t least, std::uint64_t most) const {
  return fit(
      *this, parse_count(text),
      {.kind = "a number",
       .pieces = "a whole number",
       .range = "out of range (" + std::to_string(least) + " to " + std::to_string(most) + ")"},
      [=](std::uint64_t number) { return number >= least && number <= most; });
}

std::size_t OptionValue::size() const {
  const std::size_t size = fit(*this, parse_size(text),
                               {.kind = "a size (a number of bytes, or one with K, M or G)",
                                .pieces = kWholeBytes,
                                .range = "too large"},
                               [](std::uint64_t) { return true; });
  if (size == 0) reject("out of range (1 byte at least)");
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
    // More than `most` a second, multiplied by neither period.
    const std::uint64_t least_period = (rate.count * kSecond + most - 1) / most;
    return rate.count > 0 && least_period <= static_cast<std::uint64_t>(rate.period.count());
  };
  return fit(*this, parse_rate(text),
             {.kind = "a rate (a number, or one with /s, /m or /h)",
              .pieces = "a rate of so few digits that it can be kept exactly",
              .range = "out of range (more than 0, at most " + std::to_string(most) + "/s)"},
             is_in_range);
}

SizeRange OptionValue::size_range(std::size_t most) const {
  return fit(*this, parse_size_range(text),
             {.kind = "a size, or two with '-' between them, the lesser first",
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
    reject("not a host (a name or an address; the port goes to --port)");
  }
  return text;
}

std::uint16_t OptionValue::port() const {
  if (is_number(text)) return static_cast<std::uint16_t>(number(0, 65535));
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

void Given::expect_no_arguments() const {
  if (!arguments.empty()) throw UsageError("unexpected argument '" + arguments.front() + "'");
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
      given.arguments.assign(argv + optind, argv + argc);
      break;
    }
    if (val == ':' || val == '?') refuse(val, argv[optind - 1]);
    const auto found = val >= kFirstVal
                           ? all.begin() + (val - kFirstVal)
                           : std::find_if(all.begin(), all.end(),
                                          [val](const Option& each) { return each.letter == val; });
    given.options.emplace_back(found->name);
    found->apply(
        {.option = std::string("--") + found->name, .text = takes_value(*found) ? optarg : ""});
  }
  return given;
}

std::string options_help(const OptionTable& table) {
  Action unused{};
  std::string text;
  for (const Option& option : with_help(table, unused)) text += option.heading + help_of(option);
  return text + R"(
A number may have decimals. TIME has ns, us, ms, s, m or h; without a unit it
counts seconds. SIZE is in bytes, or has K, M or G (powers of 1,024); N may have
K, M or G (powers of 1,000).
)";
}

}  // namespace echo
