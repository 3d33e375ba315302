#include "echo/os/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "echo/base/errno_text.h"
#include "echo/base/format.h"
#include "echo/os/unique_fd.h"

namespace echo {

std::string read_file(const std::string& path, std::size_t most) {
  constexpr std::size_t kChunk = 64UL * 1024;
  const auto fail = [] { throw std::runtime_error(ErrnoText{errno}.to_string()); };
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) fail();
  std::string text;
  for (;;) {
    const std::size_t size = text.size();
    text.resize(size + kChunk);
    const ssize_t count = ::read(fd.get(), text.data() + size, kChunk);
    if (count < 0 && errno != EINTR) fail();
    text.resize(size + static_cast<std::size_t>(count < 0 ? 0 : count));
    if (count == 0) return text;
    if (text.size() > most) throw std::runtime_error("larger than " + format_bytes(most));
  }
}

}  // namespace echo
