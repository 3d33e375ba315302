#include "echo/service/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "echo/base/time.h"
#include "echo/os/log.h"
#include "support/environment.h"
#include "support/log_pipe.h"
#include "support/socket_pair.h"
#include "support/test_manager.h"

namespace echo::test {
namespace {

using namespace std::chrono_literals;

// A service manager that only receives. The test reads the notifications from its socket.
class ServiceManagerTest : public testing::Test {
 protected:
  ServiceManager& start(const char* watchdog = nullptr, const std::string& pid = {}) {
    return start_at(socket_.address, watchdog, pid);
  }

  ServiceManager& start_at(const std::string& address, const char* watchdog = nullptr,
                           const std::string& pid = {}) {
    const Environment environment{{"NOTIFY_SOCKET", address.c_str()},
                                  {"WATCHDOG_USEC", watchdog},
                                  {"WATCHDOG_PID", pid.empty() ? nullptr : pid.c_str()}};
    return manager_.emplace(log_);
  }

  // Returns the next notification; empty if there is none.
  std::string received() const {
    std::array<char, 4096> text{};
    const ssize_t length = ::recv(socket_.fd.get(), text.data(), text.size(), 0);
    return {text.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
  }

  LogPipe pipe_;
  Log log_{pipe_.fd(), LogLevel::kInfo, Log::Mode::kDaemon};
  NotifySocket socket_{SOCK_NONBLOCK};
  std::optional<ServiceManager> manager_;
  ServiceStatus status_{.connections = 12, .bytes_echoed = 3'435'973'837, .draining = false};
  Time now_{};
};

TEST(ServiceStatusTest, ListsConnectionsAndBytes) {
  EXPECT_EQ((ServiceStatus{.connections = 12, .bytes_echoed = 3'435'973'837}).to_string(),
            "12 connections, 3.2 GiB echoed");
  EXPECT_EQ((ServiceStatus{.connections = 1, .bytes_echoed = 0}).to_string(),
            "1 connection, 0 B echoed");
  EXPECT_EQ((ServiceStatus{.connections = 2, .bytes_echoed = 5, .draining = true}).to_string(),
            "draining: 2 connections, 5 B echoed");
}

TEST_F(ServiceManagerTest, IsAbsentWithoutNotifySocket) {
  const Environment environment{{"NOTIFY_SOCKET", nullptr}, {"WATCHDOG_USEC", "1000"}};
  ServiceManager manager(log_);
  EXPECT_FALSE(manager.is_present());
  manager.announce_ready();
  manager.notify(now_, status_);
  EXPECT_EQ(manager.next_notification(), std::nullopt);
  EXPECT_EQ(manager.store(pipe_.fd(), "x"), ENOTCONN);
  EXPECT_EQ(pipe_.text(), "");
}

TEST_F(ServiceManagerTest, NotifiesReadinessWithTheStatus) {
  start().announce_ready();
  manager_->notify(now_, status_);
  EXPECT_EQ(received(), "READY=1\nSTATUS=12 connections, 3.2 GiB echoed\n");
  EXPECT_EQ(manager_->next_notification(), std::nullopt);
}

TEST_F(ServiceManagerTest, SupportsAPathAsAddress) {
  const std::string path = testing::TempDir() + "notify." + std::to_string(::getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  socket_.fd = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ASSERT_EQ(::bind(socket_.fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  start_at(path).announce_ready();
  manager_->notify(now_, status_);
  EXPECT_NE(received(), "");
  ::unlink(path.c_str());
}

TEST_F(ServiceManagerTest, NotifiesTheStatusOnlyWhenItChanges) {
  start().notify(now_, status_);
  EXPECT_NE(received(), "");
  manager_->notify(now_ + 1h, status_);
  EXPECT_EQ(received(), "");
}

TEST_F(ServiceManagerTest, NotifiesTheStatusAtMostOncePerSecond) {
  start().notify(now_, status_);
  EXPECT_NE(received(), "");
  for (Duration later = 0s; later < 1s; later += 100ms) {
    ++status_.connections;
    manager_->notify(now_ + later, status_);
    EXPECT_EQ(received(), "");
    EXPECT_EQ(manager_->next_notification(), now_ + 1s);
  }
  manager_->notify(now_ + 1s, status_);
  EXPECT_EQ(received(), "STATUS=22 connections, 3.2 GiB echoed\n");
}

TEST_F(ServiceManagerTest, NotifiesTheStopWithItsTimeout) {
  start().notify(now_, status_);
  received();
  manager_->announce_stopping(10s);
  manager_->notify(now_, status_);
  EXPECT_EQ(received(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=15000000\n");
}

TEST_F(ServiceManagerTest, NotifiesTheWatchdogTwicePerTimeout) {
  start("20000000", std::to_string(::getpid())).notify(now_, status_);
  EXPECT_EQ(received(), "STATUS=12 connections, 3.2 GiB echoed\nWATCHDOG=1\n");
  EXPECT_EQ(manager_->next_notification(), now_ + 10s);
  manager_->notify(now_ + 10s - 1ms, status_);
  EXPECT_EQ(received(), "");
  manager_->notify(now_ + 10s, status_);
  EXPECT_EQ(received(), "WATCHDOG=1\n");
  EXPECT_EQ(manager_->next_notification(), now_ + 20s);
}

TEST_F(ServiceManagerTest, IgnoresTheWatchdogOfAnotherProcess) {
  start("20000000", "1").notify(now_, status_);
  EXPECT_EQ(received(), "STATUS=12 connections, 3.2 GiB echoed\n");
  EXPECT_EQ(manager_->next_notification(), std::nullopt);
  EXPECT_EQ(pipe_.text(), "");
}

TEST_F(ServiceManagerTest, WarnsAboutAnInvalidWatchdogTime) {
  for (const char* const time : {"", "-1", "0", "1", "1s", "18446744073709551615", "x"}) {
    start(time).notify(now_, status_);
    EXPECT_EQ(received(), "STATUS=12 connections, 3.2 GiB echoed\n") << time;
    EXPECT_TRUE(pipe_.has("warning: WATCHDOG_USEC: \"" + std::string(time) + "\" is not ")) << time;
  }
}

TEST_F(ServiceManagerTest, WarnsAboutAnInvalidWatchdogProcess) {
  start("20000000", "me").notify(now_, status_);
  EXPECT_EQ(manager_->next_notification(), std::nullopt);
  EXPECT_EQ(pipe_.text(), "warning: WATCHDOG_PID: \"me\" is not a process ID\n");
}

TEST_F(ServiceManagerTest, WarnsAboutAnInvalidAddress) {
  for (const std::string& address :
       {std::string(), std::string("/"), std::string("@"), std::string("run/notify"),
        std::string("vsock:2:1234"), '/' + std::string(107, 'x'), '@' + std::string(108, 'x')}) {
    EXPECT_FALSE(start_at(address).is_present()) << address;
    EXPECT_TRUE(pipe_.has("NOTIFY_SOCKET: \"" + address.substr(0, 64))) << address;
  }
}

TEST_F(ServiceManagerTest, DistinguishesTooLongFromInvalidAddresses) {
  EXPECT_FALSE(start_at('/' + std::string(107, 'x')).is_present());
  EXPECT_TRUE(pipe_.has(" is too long\n"));
  EXPECT_FALSE(start_at("run/notify").is_present());
  EXPECT_TRUE(pipe_.has(" is neither a path nor an abstract name\n"));
}

TEST_F(ServiceManagerTest, AcceptsTheLongestAddresses) {
  EXPECT_TRUE(start_at('/' + std::string(106, 'x')).is_present());
  EXPECT_TRUE(start_at('@' + std::string(107, 'x')).is_present());
  EXPECT_EQ(pipe_.text(), "");
}

TEST_F(ServiceManagerTest, WarnsOnceIfTheManagerIsGone) {
  start();
  socket_.fd.reset();
  manager_->announce_ready();
  for (int i = 0; i < 3; ++i) {
    manager_->notify(now_, status_);
    now_ += 1s;
  }
  EXPECT_EQ(pipe_.text(), "warning: cannot notify the service manager at \"" + socket_.address +
                              "\": Connection refused\n");
}

TEST_F(ServiceManagerTest, RepeatsNotificationsABusyManagerMissed) {
  start();
  const Environment environment{{"NOTIFY_SOCKET", socket_.address.c_str()}};
  ServiceManager other(log_);
  while (!pipe_.has("Resource temporarily unavailable")) {
    other.announce_ready();
    other.notify(now_, status_);
  }
  pipe_.text();
  manager_->announce_ready();
  manager_->notify(now_, status_);
  EXPECT_EQ(manager_->next_notification(), now_ + 1s);
  while (!received().empty()) continue;

  manager_->notify(now_ + 999ms, status_);
  EXPECT_EQ(received(), "");
  manager_->notify(now_ + 1s, status_);
  EXPECT_EQ(received(), "READY=1\nSTATUS=12 connections, 3.2 GiB echoed\n");
  EXPECT_EQ(manager_->next_notification(), std::nullopt);
}

// A service manager that stores descriptors and answers.
class ServiceManagerStore : public testing::Test {
 protected:
  ServiceManager present() {
    const Environment environment{{"NOTIFY_SOCKET", test_manager_.address().c_str()}};
    return ServiceManager(log_);
  }

  LogPipe pipe_;
  Log log_{pipe_.fd(), LogLevel::kInfo, Log::Mode::kDaemon};
  TestManager test_manager_;
  ServiceManager manager_ = present();
};

TEST_F(ServiceManagerStore, StoresANamedDescriptorWithoutPolling) {
  const SocketPair pair = make_socket_pair();
  EXPECT_EQ(manager_.store(pair.ours.get(), "mine"), 0);
  EXPECT_EQ(test_manager_.wait_for("FDSTORE=1"), "FDSTORE=1\nFDNAME=mine\nFDPOLL=0\n");
  const auto kept = test_manager_.take_kept();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept.front().name, "mine");
  EXPECT_EQ(::send(kept.front().fd.get(), "x", 1, 0), 1);
  EXPECT_TRUE(wait_readable(pair.theirs.get()));
}

TEST_F(ServiceManagerStore, DropsADescriptorByName) {
  EXPECT_EQ(manager_.store(pipe_.fd(), "mine"), 0);
  manager_.drop("mine");
  test_manager_.wait_for("FDSTOREREMOVE=1\nFDNAME=mine\n");
  EXPECT_TRUE(test_manager_.take_kept().empty());
}

TEST_F(ServiceManagerStore, SynchronisesAfterAllNotifications) {
  manager_.drop("mine");
  manager_.synchronize();
  EXPECT_EQ(test_manager_.messages(), "FDSTOREREMOVE=1\nFDNAME=mine\n\nBARRIER=1\n");
}

}  // namespace
}  // namespace echo::test
