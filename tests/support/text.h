#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace echo::test {

bool has(std::string_view text, std::string_view part);

// The patterns are those of std::regex, which takes seconds to compile: here it is compiled once.

// Whether the whole text matches.
bool matches(const std::string& text, const std::string& pattern);

// The groups of the pattern where the whole text matches; nothing where it does not.
std::vector<std::string> groups_of(const std::string& text, const std::string& pattern);

// The first group of each match within the text.
std::vector<std::string> first_groups_in(const std::string& text, const std::string& pattern);

std::string replace_each(const std::string& text, const std::string& pattern,
                         const std::string& replacement);

}  // namespace echo::test
