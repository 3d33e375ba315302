#include "documents/project_files.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string_view>

namespace echo::test {
namespace {

constexpr std::array<std::string_view, 8> kRoots{
    ".clang-tidy", "CMakeLists.txt", "README.md", ".ci", ".github", "include", "src", "tests"};

constexpr std::array<std::string_view, 3> kUnread{"tests/bench/pictures/", "tests/fuzz/corpus/",
                                                  "src/dist/debian/copyright"};

void add(const std::filesystem::path& root, const std::filesystem::path& path,
         std::vector<ProjectFile>& files) {
  const std::string name = path.lexically_relative(root).string();
  if (std::any_of(kUnread.begin(), kUnread.end(),
                  [&name](std::string_view unread) { return name.starts_with(unread); })) {
    return;
  }
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  files.push_back({.path = path, .name = name, .text = text.str()});
}

}  // namespace

std::vector<ProjectFile> project_files() {
  const std::filesystem::path root(ECHO_SOURCE_DIR);
  std::vector<ProjectFile> files;
  for (const std::string_view top : kRoots) {
    const std::filesystem::path path = root / top;
    if (std::filesystem::is_regular_file(path)) add(root, path, files);
    if (!std::filesystem::is_directory(path)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) add(root, entry.path(), files);
    }
  }
  return files;
}

std::string without_code(const std::string& markdown) {
  std::istringstream lines(markdown);
  std::string text;
  bool is_fenced = false;
  for (std::string line; std::getline(lines, line);) {
    const bool is_fence = line.starts_with("```");
    if (is_fence) is_fenced = !is_fenced;
    bool is_code = is_fenced || is_fence;
    for (const char c : line) {
      if (c == '`') is_code = !is_code;
      text += is_code || c == '`' ? ' ' : c;
    }
    text += '\n';
  }
  return text;
}

}  // namespace echo::test
