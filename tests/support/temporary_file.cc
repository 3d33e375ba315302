#include "support/temporary_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <sstream>
#include <system_error>

namespace echo::test {

TemporaryFile::TemporaryFile(const std::string& contents)
    : path_(testing::TempDir() + "echo_test_" + std::string(6, 'X')) {
  const int fd = ::mkstemp(path_.data());
  if (fd < 0) throw std::system_error(errno, std::generic_category(), path_);
  ::close(fd);
  std::ofstream(path_, std::ios::binary) << contents;
}

TemporaryFile::~TemporaryFile() { ::unlink(path_.c_str()); }

std::string TemporaryFile::contents() const {
  std::ostringstream text;
  text << std::ifstream(path_, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace echo::test
