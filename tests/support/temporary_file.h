#pragma once

#include <string>

namespace echo::test {

// A temporary file, which the destructor removes.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& contents = {});
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  const std::string& path() const noexcept { return path_; }
  std::string contents() const;

 private:
  std::string path_;
};

}  // namespace echo::test
