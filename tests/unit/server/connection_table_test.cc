#include "echo/server/connection_table.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"
#include "echo/os/unique_fd.h"
#include "echo/server/connection.h"
#include "support/failing_allocations.h"
#include "support/socket_pair.h"

namespace echo::test {
namespace {

class ConnectionTableTest : public testing::Test {
 protected:
  Connection make() {
    return {std::move(make_socket_pair().ours), resolve("192.0.2.1", 4711).front(), 1, Time{}};
  }

  int add() { return table_.add(make()).fd(); }

  std::vector<int> in_order() const {
    std::vector<int> fds;
    for (const Connection& connection : table_) fds.push_back(connection.fd());
    return fds;
  }

  ConnectionTable table_{2};
};

TEST_F(ConnectionTableTest, FindsAConnectionByDescriptor) {
  const int first = add();
  const int second = add();
  EXPECT_TRUE(table_.contains(first));
  EXPECT_EQ(table_[second].fd(), second);
  EXPECT_FALSE(table_.contains(second + 1));
}

TEST_F(ConnectionTableTest, OrdersConnectionsByLastActivity) {
  const int first = add();
  const int second = add();
  const int third = add();
  table_.move_to_back(table_[first]);
  EXPECT_EQ(in_order(), (std::vector{second, third, first}));
  EXPECT_EQ(table_.front().fd(), second);
}

TEST_F(ConnectionTableTest, ForgetsARemovedConnection) {
  const int first = add();
  const int second = add();
  EXPECT_TRUE(table_.is_host_full(table_[first].peer()));
  table_.remove(first);
  EXPECT_FALSE(table_.contains(first));
  EXPECT_EQ(in_order(), std::vector{second});
  EXPECT_FALSE(table_.is_host_full(table_[second].peer()));
}

TEST_F(ConnectionTableTest, GivesAConnectionAnotherNumber) {
  const int first = add();
  const int second = add();
  UniqueFd copy(::fcntl(first, F_DUPFD_CLOEXEC, 200));
  const int number = copy.get();
  table_.renumber(first, std::move(copy));
  EXPECT_FALSE(table_.contains(first));
  EXPECT_EQ(::fcntl(first, F_GETFD), -1);
  EXPECT_EQ(table_[number].fd(), number);
  EXPECT_EQ(in_order(), (std::vector{number, second}));
  table_.remove(number);
  EXPECT_EQ(in_order(), std::vector{second});
}

TEST_F(ConnectionTableTest, KeepsTheNumberWhenOutOfMemory) {
  const int fd = add();
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 500));
  const int number = copy.get();
  {
    const FailingAllocations failing(0);
    EXPECT_THROW(table_.renumber(fd, std::move(copy)), std::bad_alloc);
  }
  EXPECT_EQ(table_[fd].fd(), fd);
  EXPECT_FALSE(table_.contains(number));
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST_F(ConnectionTableTest, IsUnchangedWhenOutOfMemory) {
  const int first = add();
  bool has_failed = true;
  for (std::size_t successes = 0; has_failed; ++successes) {
    Connection connection = make();
    const int fd = connection.fd();
    const FailingAllocations failing(successes);
    try {
      table_.add(std::move(connection));
      has_failed = false;
    } catch (const std::bad_alloc&) {
      EXPECT_FALSE(table_.contains(fd));
      EXPECT_EQ(table_.size(), 1U);
      EXPECT_FALSE(table_.is_host_full(table_[first].peer()));
    }
  }
  EXPECT_EQ(table_.size(), 2U);
}

}  // namespace
}  // namespace echo::test
