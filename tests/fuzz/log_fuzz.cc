// Logs lines of any length to a reader that reads at any time. The reader must receive complete
// lines in order, and the correct number of dropped lines.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "echo/os/log.h"
#include "echo/os/unique_fd.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"
#include "support/socket_pair.h"

namespace echo {
namespace {

using fuzz::require;

constexpr std::size_t kMaxAtOnce = 10000;

// A small pipe as the standard error of a daemon. Its read end does not block.
test::SocketPair make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  ::fcntl(fds[1], F_SETPIPE_SZ, 1);
  return {.ours = UniqueFd(fds[1]), .theirs = UniqueFd(fds[0])};
}

test::SocketPair make_narrow_pair() {
  test::SocketPair pair = test::make_socket_pair();
  constexpr int kSmall = 1;
  ::setsockopt(pair.ours.get(), SOL_SOCKET, SO_SNDBUF, &kSmall, sizeof kSmall);
  return pair;
}

class Reader {
 public:
  Reader(test::SocketPair ends, LogLevel level)
      : ends_(std::move(ends)), level_(level), log_(ends_.ours.get(), level, kDaemon) {}

  void step(fuzz::Input& input) {
    enum Step { kError, kWarning, kInfo, kDebug, kAnswer, kRead, kSteps };
    const int step = input.byte() % kSteps;
    const std::size_t number = input.number(kMaxAtOnce);
    if (step == kRead) {
      read(number);
      return;
    }
    const std::string text = std::to_string(logged_.size()) + ' ' + std::string(number, '.');
    if (step == kError) log_.error(text);
    if (step == kWarning) log_.warning(text);
    if (step == kInfo) log_.info(text);
    if (step == kDebug) log_.debug(text);
    if (step == kAnswer) log_.answer(text);
    if (step != kAnswer && step > static_cast<int>(level_)) return;
    logged_.push_back((step == kError ? "error: " : step == kWarning ? "warning: " : "") + text);
  }

  // Checks that a line arrives once the reader keeps up.
  void finish() {
    const std::string last = "the last line";
    for (int tries = 0; !text_.ends_with(last + '\n'); ++tries) {
      require(tries < 10, "a line arrives while the reader reads");
      log_.answer(last);
      logged_.push_back(last);
      while (read(kMaxAtOnce) > 0) {
      }
    }
    check();
  }

 private:
  static constexpr Log::Mode kDaemon = Log::Mode::kDaemon;

  std::size_t read(std::size_t length) {
    std::string buffer(length, '\0');
    const ssize_t got = ::read(ends_.theirs.get(), buffer.data(), buffer.size());
    if (got <= 0) return 0;
    text_.append(buffer, 0, static_cast<std::size_t>(got));
    return static_cast<std::size_t>(got);
  }

  void check() const {
    std::string_view rest = text_;
    std::size_t line = 0;
    while (!rest.empty()) {
      const std::string_view got = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(got.size() + 1);
      const std::size_t dropped = dropped_count(got);
      line += dropped;
      if (dropped > 0) continue;
      require(line < logged_.size() && got == logged_[line], "lines are complete and in order");
      ++line;
    }
    require(line == logged_.size(), "every line is either read or counted as dropped");
  }

  static std::size_t dropped_count(std::string_view line) {
    constexpr std::string_view kBeginning = "warning: log lines dropped: ";
    std::size_t number = 0;
    if (!line.starts_with(kBeginning)) return number;
    line.remove_prefix(kBeginning.size());
    std::from_chars(line.data(), line.data() + line.size(), number);
    require(number > 0, "a report of dropped lines has a count above 0");
    return number;
  }

  test::SocketPair ends_;
  LogLevel level_;
  Log log_;
  std::vector<std::string> logged_;
  std::string text_;
};

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::fuzz::Input input(data, size);
  const bool is_pipe = input.byte() % 2 == 0;
  const auto level = static_cast<echo::LogLevel>(input.byte() % 4);
  echo::Reader reader(is_pipe ? echo::make_pipe() : echo::make_narrow_pair(), level);
  while (!input.empty()) reader.step(input);
  reader.finish();
  return 0;
}
