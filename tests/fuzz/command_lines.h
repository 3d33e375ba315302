#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "echo/base/escape.h"
#include "echo/base/time.h"
#include "echo/base/usage_error.h"
#include "echo/cli/options.h"
#include "fuzz/require.h"
#include "support/command_line.h"

namespace echo::fuzz {

// Each line is a word. NUL ends a word too, because no argument of a program contains it.
inline test::Words words_of(std::string_view text) {
  constexpr std::string_view kEnds("\n\0", 2);
  test::Words words;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find_first_of(kEnds), text.size());
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return words;
}

// Returns an option value that is parsed as this duration.
inline std::string value_of(Duration duration) {
  require(duration >= Duration{0} && duration <= kMaxDuration, "a time is at most ten years");
  return std::to_string(duration.count()) + "ns";
}

inline void check_usage_error(std::string_view text) {
  const std::string shown = escape_controls(text);
  require(std::none_of(shown.begin(), shown.end(),
                       [](unsigned char c) { return c < ' ' || c == 0x7f; }),
          "a usage error is one line without control characters");
  const std::size_t quote = text.find('\'');
  require(quote < text.rfind('\''), "a usage error quotes the wrong part");
}

// The result of a command line: words that spell out all of its options, or the error.
struct Outcome {
  test::Words meaning;
  std::string error;

  bool operator==(const Outcome&) const = default;
};

// `spell` checks the options from `parse`, and returns words with the same meaning.
template <typename Parse, typename Spell>
Outcome outcome_of(const test::Words& words, Parse parse, Spell spell) {
  const test::CommandLine line(words);
  try {
    return {.meaning = spell(parse(line.argc(), line.argv())), .error = {}};
  } catch (const UsageError& error) {
    check_usage_error(error.what());
    return {.meaning = {}, .error = error.what()};
  }
}

template <typename Parse, typename Spell>
void check_command_line(std::string_view text, Parse parse, Spell spell) {
  const test::Words words = words_of(text);
  const Outcome outcome = outcome_of(words, parse, spell);
  require(outcome_of(words, parse, spell) == outcome,
          "parsing a command line twice has the same result");
  if (!outcome.error.empty()) return;
  require(outcome_of(outcome.meaning, parse, spell) == outcome,
          "the spelled-out options have the same meaning as the command line");
}

}  // namespace echo::fuzz
