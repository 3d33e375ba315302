#include "support/text.h"

#include <iterator>
#include <regex>

namespace echo::test {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool matches(const std::string& text, const std::string& pattern) {
  return std::regex_match(text, std::regex(pattern));
}

std::vector<std::string> groups_of(const std::string& text, const std::string& pattern) {
  std::smatch match;
  if (!std::regex_match(text, match, std::regex(pattern))) return {};
  return {std::next(match.begin()), match.end()};
}

std::vector<std::string> first_groups_in(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  const std::sregex_token_iterator first(text.begin(), text.end(), regex, 1);
  return {first, std::sregex_token_iterator()};
}

std::string replace_each(const std::string& text, const std::string& pattern,
                         const std::string& replacement) {
  return std::regex_replace(text, std::regex(pattern), replacement);
}

}  // namespace echo::test
