#include "echo/cli/option_hints.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace echo {
namespace {

// The fewest insertions, deletions and replacements of a letter that turn `from` into `to`.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({row[j] + 1, row[j + 1] + 1, replaced}));
    }
  }
  return row.back();
}

// "--prot=7": "prot".
std::string_view name_in(std::string_view word) {
  return word.substr(2, std::min(word.find('='), word.size()) - 2);
}

template <typename Predicate>
std::vector<std::string> names_if(const OptionTable& table, Predicate predicate) {
  std::vector<std::string> names;
  for (const Option& option : table) {
    if (predicate(std::string_view(option.name))) names.push_back(std::string("--") + option.name);
  }
  return names;
}

std::vector<std::string> names_that_begin_with(std::string_view word, const OptionTable& table) {
  return names_if(table, [word](std::string_view name) { return name.starts_with(word); });
}

// "timeout": "--idle-timeout", "--drain-timeout".
std::vector<std::string> names_that_end_with(std::string_view word, const OptionTable& table) {
  const std::string end = "-" + std::string(word);
  return names_if(table, [&end](std::string_view name) { return name.ends_with(end); });
}

std::vector<std::string> most_similar_names(std::string_view typed, const OptionTable& table) {
  std::size_t least = 2;  // Two letters in the wrong order.
  std::vector<std::string> names;
  for (const Option& option : table) {
    const std::size_t distance = edit_distance(typed, option.name);
    // Two changes make most short words similar.
    if (distance > least || (distance == 2 && typed.front() != *option.name)) continue;
    if (distance < least) names.clear();
    least = distance;
    names.push_back(std::string("--") + option.name);
  }
  return names.empty() ? names_that_end_with(typed, table) : names;
}

// The options with this letter in the other case, and those without a letter whose name begins
// with it.
std::vector<std::string> similar_options(char letter, const OptionTable& table) {
  if (letter == 'h' || letter == '?') return {"--help"};
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<std::string> options;
  for (const Option& option : table) {
    const bool has_letter = option.letter != 0;
    if (lower(has_letter ? option.letter : *option.name) != lower(letter)) continue;
    options.push_back(has_letter ? std::string{'-', option.letter}
                                 : std::string("--") + option.name);
  }
  return options;
}

std::string suggest(const std::vector<std::string>& options) {
  if (options.empty()) return "; see --help";
  std::string text = "; did you mean ";
  for (const std::string& option : options) {
    if (&option != &options.front()) text += &option == &options.back() ? " or " : ", ";
    text.append("'").append(option).append("'");
  }
  return text + "?";
}

}  // namespace

bool is_ambiguous(std::string_view word, const OptionTable& table) {
  const std::string_view typed = name_in(word);
  return !typed.empty() && names_that_begin_with(typed, table).size() > 1;
}

std::string long_option_hint(std::string_view word, const OptionTable& table) {
  const std::string_view typed = name_in(word);
  if (typed.empty()) return suggest({});
  return suggest(is_ambiguous(word, table) ? names_that_begin_with(typed, table)
                                           : most_similar_names(typed, table));
}

std::string letter_hint(char letter, std::string_view word, const OptionTable& table) {
  const std::string hint = single_dash_hint(word, table);
  return hint.empty() ? suggest(similar_options(letter, table)) : hint;
}

std::string single_dash_hint(std::string_view word, const OptionTable& table) {
  if (word.size() <= 2 || word[0] != '-') return "";
  const std::string_view name = word.substr(1, word.find('=') - 1);
  const bool is_name = std::any_of(table.begin(), table.end(),
                                   [name](const Option& option) { return name == option.name; });
  return is_name ? suggest({std::string("--").append(name)}) : "";
}

}  // namespace echo
