#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace echo::test {

bool has(std::string_view text, std::string_view part);

// The text with an underscore in place of each character that GoogleTest does not allow in the name
// of a test.
std::string as_test_name(std::string text);

// The patterns have the syntax of std::regex. Only text.cc includes <regex>, which is slow to
// compile.

// True if the whole text matches.
bool matches(const std::string& text, const std::string& pattern);

// The groups of the pattern if the whole text matches, otherwise none.
std::vector<std::string> groups_of(const std::string& text, const std::string& pattern);

// The first group of each match in the text.
std::vector<std::string> first_groups_in(const std::string& text, const std::string& pattern);

std::string replace_each(const std::string& text, const std::string& pattern,
                         const std::string& replacement);

}  // namespace echo::test
