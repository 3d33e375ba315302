#include "support/text.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <regex>

namespace echo::test {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string as_test_name(std::string text) {
  const auto is_allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  std::replace_if(text.begin(), text.end(), std::not_fn(is_allowed), '_');
  return text;
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
