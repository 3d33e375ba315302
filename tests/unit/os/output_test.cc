#include "echo/os/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <thread>

#include "echo/os/signals.h"
#include "echo/os/unique_fd.h"
#include "support/socket_pair.h"
#include "support/temporary_file.h"
#include "support/terminal.h"

namespace echo {
namespace {

TEST(WaitWritable, ReturnsImmediatelyIfThereIsRoom) {
  const test::SocketPair sockets = test::make_socket_pair();
  EXPECT_TRUE(wait_writable(sockets.ours.get()));
}

TEST(WaitWritable, ReturnsImmediatelyIfThePeerIsGone) {
  UniqueFd gone = test::make_socket_pair().ours;
  EXPECT_TRUE(wait_writable(gone.get()));
}

TEST(WaitWritable, EndsWhenASignalArrives) {
  const test::SocketPair sockets = test::make_socket_pair();
  test::fill(sockets.ours.get());
  Signals signals({SIGUSR1});
  ASSERT_EQ(::raise(SIGUSR1), 0);
  int taken = 0;
  const auto is_over = [&] { return (taken = signals.take()) != 0; };
  EXPECT_FALSE(wait_writable(sockets.ours.get(), {.interrupt = signals.fd(), .is_over = is_over}));
  EXPECT_EQ(taken, SIGUSR1);
}

// A pipe with less room than the text needs. The parameter is the flags of its writer.
class OutputToSlowReader : public testing::TestWithParam<int> {
 protected:
  OutputToSlowReader() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC | GetParam()), 0);
    reader_ = UniqueFd(fds[0]);
    writer_ = UniqueFd(fds[1]);
  }

  UniqueFd reader_;
  UniqueFd writer_;
};

INSTANTIATE_TEST_SUITE_P(Flags, OutputToSlowReader, testing::Values(0, O_NONBLOCK));

TEST_P(OutputToSlowReader, WritesEverythingAsItIsRead) {
  const std::string text(1 << 20, 'x');
  std::string_view rest = text;
  std::thread writer([&] {
    EXPECT_EQ(Output(writer_.get()).write(rest), 0);
    writer_.reset();
  });
  std::string got;
  std::string part(65536, ' ');
  for (ssize_t length = 1; length != 0;) {
    length = ::read(reader_.get(), part.data(), part.size());
    if (length > 0) got.append(part, 0, static_cast<std::size_t>(length));
  }
  writer.join();
  EXPECT_TRUE(got == text);
  EXPECT_EQ(rest, "");
}

TEST_P(OutputToSlowReader, StopsWhenTheWaitEnds) {
  const std::string text(1 << 20, 'x');
  std::string_view rest = text;
  EXPECT_EQ(Output(writer_.get()).write(rest, {.is_over = [] { return true; }}), EINTR);
  EXPECT_LT(rest.size(), text.size());
  EXPECT_GT(rest.size(), 0U);
}

TEST_P(OutputToSlowReader, FillsTheRoomWithoutWaiting) {
  const std::string text(1 << 20, 'x');
  std::string_view rest = text;
  EXPECT_EQ(Output(writer_.get()).write_now(rest), EAGAIN);
  EXPECT_LT(rest.size(), text.size());
  EXPECT_GT(rest.size(), 0U);
}

TEST_P(OutputToSlowReader, LeavesTheFlagsUnchanged) {
  std::string_view text = "x";
  Output(writer_.get()).write(text);
  EXPECT_EQ(::fcntl(writer_.get(), F_GETFL) & O_NONBLOCK, GetParam());
}

TEST(Output, FailsOnAReadOnlyDescriptor) {
  const UniqueFd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::string_view text = "x";
  EXPECT_EQ(Output(input.get()).write(text), EBADF);
}

}  // namespace
}  // namespace echo
