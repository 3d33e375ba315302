#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "documents/project_files.h"
#include "support/text.h"

// The links of the documents lead somewhere.
namespace echo::test {
namespace {

// The anchor that GitHub derives from a heading: lower case, hyphens for blanks, no punctuation.
std::string anchor_of(std::string_view heading) {
  std::string anchor;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ') {
      anchor += '-';
    } else if (std::isalnum(byte) != 0 || c == '-' || c == '_') {
      anchor += static_cast<char>(std::tolower(byte));
    }
  }
  return anchor;
}

std::set<std::string> anchors_in(const std::string& document) {
  std::set<std::string> anchors;
  std::istringstream lines(document);
  bool is_fenced = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) is_fenced = !is_fenced;
    const std::size_t depth = line.find_first_not_of('#');
    if (is_fenced || depth == 0 || depth == std::string::npos || line[depth] != ' ') continue;
    anchors.insert(anchor_of(std::string_view(line).substr(depth + 1)));
  }
  return anchors;
}

// Why the link leads nowhere; empty if it leads to a file of the project and an anchor in it.
std::string error_of(const std::string& link, const ProjectFile& document,
                     const std::vector<ProjectFile>& files) {
  const std::size_t hash = std::min(link.find('#'), link.size());
  std::filesystem::path target = document.path;
  if (hash > 0) target = (document.path.parent_path() / link.substr(0, hash)).lexically_normal();
  if (!std::filesystem::exists(target)) return "there is no " + target.string();
  if (hash == link.size()) return "";
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const ProjectFile& file) { return file.path == target; });
  if (found == files.end()) return target.string() + " is not a document";
  const std::string anchor = link.substr(hash + 1);
  return anchors_in(found->text).contains(anchor) ? "" : "there is no heading for #" + anchor;
}

// True for other sites, and for pages such as the CI status that are outside the repository's
// files.
bool is_outside(std::string_view link) {
  return link.find("://") != std::string_view::npos || link.starts_with("mailto:") ||
         link.starts_with("../../actions/");
}

TEST(Links, LeadToFilesAndHeadings) {
  const std::vector<ProjectFile> files = project_files();
  std::size_t checked = 0;
  for (const ProjectFile& file : files) {
    if (!file.is_document()) continue;
    for (const std::string& link :
         first_groups_in(file.text, R"x(\]\(([^)\s]+)(?: "[^"]*")?\))x")) {
      if (is_outside(link)) continue;
      EXPECT_EQ(error_of(link, file, files), "") << file.name << ": " << link;
      ++checked;
    }
  }
  EXPECT_GT(checked, 0U);
}

TEST(Links, UseHttps) {
  for (const ProjectFile& file : project_files()) {
    if (!file.is_document()) continue;
    for (const std::string& link : first_groups_in(file.text, R"x(\]\((http:[^)\s]+)\))x")) {
      ADD_FAILURE() << file.name << ": " << link;
    }
  }
}

// A path in backquotes, such as `src/server/server.cc`, is one of the project.
TEST(Paths, Exist) {
  const std::filesystem::path root(ECHO_SOURCE_DIR);
  for (const ProjectFile& file : project_files()) {
    if (!file.is_document()) continue;
    for (const std::string& path : first_groups_in(
             file.text, "`((?:src|include|tests|\\.ci|\\.github)/[A-Za-z0-9_./+-]*)`")) {
      EXPECT_TRUE(std::filesystem::exists(root / path)) << file.name << ": " << path;
    }
  }
}

TEST(Anchors, ComeFromHeadingsOutsideCode) {
  EXPECT_EQ(anchors_in("# One: `two`\ntext\n```\n# three\n```\n### Four-five\n"),
            (std::set<std::string>{"one-two", "four-five"}));
}

}  // namespace
}  // namespace echo::test
