#pragma once

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace echo::test {

// The open descriptors from `first` on. It includes the one that reads the directory, which is
// closed again. Without /dev/fd there are none.
inline std::vector<int> open_descriptors(int first) {
  std::vector<int> fds;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/fd", ignored)) {
    const int fd = std::stoi(entry.path().filename());
    if (fd >= first) fds.push_back(fd);
  }
  return fds;
}

}  // namespace echo::test
