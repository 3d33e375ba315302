#pragma once

#include <cstddef>
#include <string>

namespace echo {

// Reads a file, or a pipe, to its end. Throws std::runtime_error with the reason, but without the
// path, if it cannot be read or has more than `most` bytes.
std::string read_file(const std::string& path, std::size_t most);

}  // namespace echo
