#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "echo/base/usage_error.h"
#include "support/text.h"

namespace echo::test {

using Words = std::vector<std::string>;

// The arguments of main(), with a program name before them.
class CommandLine {
 public:
  explicit CommandLine(Words arguments) : words_(std::move(arguments)) {
    words_.insert(words_.begin(), "program");
    argv_.reserve(words_.size() + 1);
    for (std::string& word : words_) argv_.push_back(word.data());
    argv_.push_back(nullptr);
  }
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  int argc() const { return static_cast<int>(words_.size()); }
  char* const* argv() const { return argv_.data(); }

 private:
  Words words_;
  std::vector<char*> argv_;
};

// Returns the text of the UsageError that the call throws.
template <typename Call>
std::string usage_error_of(Call call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

// A value that an option must reject, with an error that names both.
struct BadValue {
  std::string letter;
  std::string name;
  std::string value;
};

// `usage_error` returns the error for a command line.
template <typename UsageErrorOf>
void expect_refused(const std::vector<BadValue>& bad_values, UsageErrorOf usage_error) {
  for (const BadValue& bad : bad_values) {
    const std::string beginning = bad.name + ": '" + bad.value + "' is ";
    EXPECT_EQ(usage_error({bad.letter, bad.value}).find(beginning), 0U) << beginning;
    EXPECT_EQ(usage_error({bad.name, bad.value}).find(beginning), 0U) << beginning;
  }
}

// All ways to write an option with its value.
inline std::vector<Words> spellings(const std::string& letter, const std::string& name,
                                    const std::string& value) {
  return {{letter, value}, {letter + value}, {name, value}, {name + "=" + value}};
}

// The options with their defaults from the help, such as "--port=10000".
inline Words defaults_in(const std::string& help, const Words& names) {
  const std::string line = replace_each(help, "\\s+", " ");
  Words words;
  for (const std::string& name : names) {
    const Words found = first_groups_in(line, name + " [A-Z]+ [^(]*\\(default: ([^;)]*)");
    const std::string value = found.empty() ? "missing" : found.front();
    words.push_back(name + "=" + (value == "no limit" || value == "never" ? "0" : value));
  }
  return words;
}

}  // namespace echo::test
