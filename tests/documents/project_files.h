#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace echo::test {

// A file of the project.
struct ProjectFile {
  std::filesystem::path path;  // Absolute.
  std::string name;            // Relative to the project's root.
  std::string text;

  bool is_document() const { return path.extension() == ".md"; }
};

// The text files of the project, except pictures, licences and inputs of fuzz targets.
std::vector<ProjectFile> project_files();

// The text with everything between fences (```) or backquotes blanked out. Lines stay lines.
std::string without_code(const std::string& markdown);

}  // namespace echo::test
