#include "echo/reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "echo/signals.h"
#include "echo/unique_fd.h"
#include "support/socket_pair.h"
#include "support/temporary_file.h"
#include "support/terminal.h"

namespace echo {
namespace {

TEST(ReopenNonblocking, DoesNotWaitAndLeavesTheOtherAsItIs) {
  const testing::Terminal tty;
  if (!tty.terminal) GTEST_SKIP() << "this system has no pseudo-terminals to give";
  const UniqueFd reopened = reopen_nonblocking(tty.terminal.get());
  ASSERT_TRUE(reopened);
  EXPECT_NE(::fcntl(reopened.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(::fcntl(tty.terminal.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(ReopenNonblocking, WritesToTheSameFile) {
  const testing::TemporaryFile file;
  const UniqueFd original(::open(file.path().c_str(), O_WRONLY | O_CLOEXEC));
  const UniqueFd reopened = reopen_nonblocking(original.get());
  EXPECT_EQ(::write(reopened.get(), "x", 1), 1);
  EXPECT_EQ(file.contents(), "x");
}

TEST(ReopenNonblocking, IsEmptyWhereThereIsNoFile) { EXPECT_FALSE(reopen_nonblocking(-1)); }

TEST(WaitForReader, DoesNotWaitWhereThereIsRoom) {
  const testing::SocketPair sockets = testing::make_socket_pair();
  EXPECT_TRUE(wait_for_reader(sockets.ours.get()));
}

TEST(WaitForReader, DoesNotWaitForWhatCannotBeWrittenTo) {
  UniqueFd gone = testing::make_socket_pair().ours;
  EXPECT_TRUE(wait_for_reader(gone.get()));
}

TEST(WaitForReader, EndsWhereASignalComesFirst) {
  const testing::SocketPair sockets = testing::make_socket_pair();
  testing::fill(sockets.ours.get());
  Signals signals({SIGUSR1});
  ASSERT_EQ(::raise(SIGUSR1), 0);
  EXPECT_FALSE(wait_for_reader(sockets.ours.get(), &signals.wait_mask()));
  EXPECT_EQ(signals.take(), SIGUSR1);
}

}  // namespace
}  // namespace echo
