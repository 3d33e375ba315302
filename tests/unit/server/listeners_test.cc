#include "echo/server/listeners.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "echo/os/endpoint.h"
#include "echo/os/log.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "support/socket_pair.h"
#include "support/text.h"

namespace echo {
namespace {

using namespace std::chrono_literals;
using test::has;

using Hosts = std::vector<std::string>;

// The listeners and the log of open_listeners(). If it throws, there are no listeners, and `error`
// has the text.
struct Opened {
  explicit Opened(const ListenSettings& settings, LogLevel level = LogLevel::kInfo,
                  const std::vector<UniqueFd>& old = {}) {
    const test::SocketPair pair = test::make_socket_pair();
    Log log(pair.ours.get(), level, Log::Mode::kDaemon);
    try {
      listeners = open_listeners(settings, old, log);
    } catch (const std::system_error& exception) {
      error = exception.what();
      code = exception.code();
    }
    std::array<char, 4096> buffer{};
    log_text.assign(buffer.data(), receive(pair.theirs.get(), buffer).bytes);
  }

  explicit Opened(const Hosts& hosts, std::uint16_t port = 0, LogLevel level = LogLevel::kInfo)
      : Opened({.hosts = resolve_hosts(hosts), .port = port, .backlog = 1, .reuse_port = false},
               level) {}

  std::uint16_t port(std::size_t index = 0) const {
    return local_endpoint(listeners.at(index).get()).port();
  }

  // Returns the hosts of the listeners, which must all have the same port.
  Hosts hosts() const {
    Hosts result;
    for (const UniqueFd& listener : listeners) {
      const Endpoint local = local_endpoint(listener.get());
      EXPECT_EQ(local.port(), port());
      result.push_back(local.host());
    }
    return result;
  }

  std::vector<UniqueFd> listeners;
  std::string log_text;
  std::string error;
  std::error_code code;
};

bool has_ipv6_loopback() {
  try {
    listen_on(resolve("::1", 0).front(), 1, false);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

TEST(ResolveHosts, RejectsMulticastAndBroadcast) {
  const std::vector<std::pair<std::string, std::string>> addresses = {
      {"224.0.0.1", "multicast"},       {"239.255.255.255", "multicast"}, {"ff02::1", "multicast"},
      {"255.255.255.255", "broadcast"}, {"127.255.255.255", "broadcast"},
  };
  for (const auto& [host, kind] : addresses) {
    try {
      resolve_hosts({"127.0.0.1", host});
      ADD_FAILURE() << host;
    } catch (const std::runtime_error& error) {
      std::string text("cannot listen on ");
      text.append(host).append(": clients cannot connect to a ").append(kind).append(" address");
      EXPECT_EQ(error.what(), text);
    }
  }
}

TEST(OpenListeners, ChoosesAFreePortForPort0) {
  const Opened opened(Hosts{"127.0.0.1"});
  EXPECT_EQ(opened.hosts(), Hosts{"127.0.0.1"});
  EXPECT_NE(opened.port(), 0);
}

TEST(OpenListeners, AcceptsClients) {
  const Opened opened(Hosts{"127.0.0.1"});
  const Connecting client = connect_to(local_endpoint(opened.listeners.front().get()));
  ASSERT_TRUE(test::wait_readable(opened.listeners.front().get()));
  EXPECT_TRUE(accept_from(opened.listeners.front().get()).fd);
}

TEST(OpenListeners, SetsTheBacklog) {
  const Opened opened({.hosts = resolve_hosts({"127.0.0.1"}), .port = 0, .backlog = 7});
  tcp_info info{};
  socklen_t length = sizeof info;
  ::getsockopt(opened.listeners.front().get(), IPPROTO_TCP, TCP_INFO, &info, &length);
  // For a listening socket this field is the backlog.
  EXPECT_EQ(info.tcpi_sacked, 7U);
}

TEST(OpenListeners, SetsKeepalive) {
  const Opened opened(
      {.hosts = resolve_hosts({"127.0.0.1"}), .port = 0, .backlog = 7, .keepalive = 7s});
  int seconds = 0;
  socklen_t length = sizeof seconds;
  ::getsockopt(opened.listeners.front().get(), IPPROTO_TCP, TCP_KEEPIDLE, &seconds, &length);
  EXPECT_EQ(seconds, 7);
}

TEST(OpenListeners, LogsTheAddressAndPort) {
  const Opened opened(Hosts{"127.0.0.1"});
  EXPECT_EQ(opened.log_text,
            "starting up on 127.0.0.1 port " + std::to_string(opened.port()) + "\n");
}

TEST(OpenListeners, LogsAChosenPortAtAnyLevel) {
  EXPECT_TRUE(has(Opened(Hosts{"127.0.0.1"}, 0, LogLevel::kError).log_text, "starting up on"));
}

TEST(OpenListeners, LogsAGivenPortOnlyAtInfo) {
  const Opened first(Hosts{"127.0.0.1"});
  const Opened second(Hosts{"127.0.0.2"}, first.port(), LogLevel::kWarning);
  EXPECT_EQ(second.error, "");
  EXPECT_EQ(second.log_text, "");
}

TEST(OpenListeners, UsesOnePortForAllHosts) {
  const Opened opened(Hosts{"127.0.0.3", "127.0.0.1", "127.0.0.2"});
  EXPECT_EQ(opened.hosts(), (Hosts{"127.0.0.3", "127.0.0.1", "127.0.0.2"}));
}

TEST(OpenListeners, LogsOneLinePerAddress) {
  const Opened opened(Hosts{"127.0.0.1", "127.0.0.2"});
  const std::string port = std::to_string(opened.port());
  EXPECT_EQ(opened.log_text, "starting up on 127.0.0.1 port " + port +
                                 "\nstarting up on 127.0.0.2 port " + port + "\n");
}

TEST(OpenListeners, UsesOnePortForBothFamilies) {
  if (!has_ipv6_loopback()) GTEST_SKIP() << "this machine has no ::1";
  EXPECT_EQ(Opened(Hosts{"localhost"}).hosts(), (Hosts{"127.0.0.1", "::1"}));
}

TEST(OpenListeners, UsesOnePortForBothWildcards) {
  if (!has_ipv6_loopback()) GTEST_SKIP() << "this machine has no ::1";
  EXPECT_EQ(Opened(Hosts{"*"}).hosts(), (Hosts{"0.0.0.0", "::"}));
}

TEST(OpenListeners, OmitsHostsThatAWildcardCovers) {
  EXPECT_EQ(Opened(Hosts{"127.0.0.1", "0.0.0.0", "127.0.0.2"}).hosts(), Hosts{"0.0.0.0"});
}

TEST(OpenListeners, KeepsHostsThatNoWildcardCovers) {
  if (!has_ipv6_loopback()) GTEST_SKIP() << "this machine has no ::1";
  EXPECT_EQ(Opened(Hosts{"0.0.0.0", "localhost"}).hosts(), (Hosts{"0.0.0.0", "::1"}));
}

TEST(OpenListeners, UsesTheGivenPort) {
  // The holder reserves the port: only sockets that also set SO_REUSEPORT can bind it.
  const Endpoint loopback = resolve("127.0.0.1", 0).front();
  const UniqueFd holder = listen_on(loopback, 1, true);
  const std::uint16_t port = local_endpoint(holder.get()).port();
  const Opened opened(ListenSettings{
      .hosts = resolve_hosts({"127.0.0.1"}), .port = port, .backlog = 1, .reuse_port = true});
  EXPECT_EQ(opened.error, "");
  EXPECT_EQ(opened.port(), port);
}

TEST(OpenListeners, OpensARepeatedHostOnce) {
  EXPECT_EQ(Opened(Hosts{"127.0.0.1", "127.0.0.1"}).hosts(), Hosts{"127.0.0.1"});
}

TEST(OpenListeners, OpensAnAddressWithTwoNamesOnce) {
  if (!has_ipv6_loopback()) GTEST_SKIP() << "this machine has no ::1";
  EXPECT_EQ(Opened(Hosts{"::1", "localhost"}).hosts(), (Hosts{"::1", "127.0.0.1"}));
}

// The kernel drops the scope of an address that has none.
TEST(OpenListeners, OpensARepeatedScopedAddressOnce) {
  EXPECT_EQ(Opened(Hosts{"::1%1", "::1%1"}).listeners.size(), 1U);
}

TEST(OpenListeners, NamesAnAddressAndPortInUse) {
  const Opened first(Hosts{"127.0.0.1"});
  const Opened second(Hosts{"127.0.0.1"}, first.port());
  EXPECT_EQ(second.code, std::errc::address_in_use);
  EXPECT_TRUE(has(second.error, "127.0.0.1 port " + std::to_string(first.port()))) << second.error;
}

// 192.0.2.0/24 is reserved for documentation (RFC 5737).
TEST(OpenListeners, NamesAnUnavailableAddress) {
  const Opened opened(Hosts{"192.0.2.1"});
  if (!opened.listeners.empty()) GTEST_SKIP() << "this machine lets any address be listened on";
  EXPECT_EQ(opened.code, std::errc::address_not_available);
  EXPECT_TRUE(has(opened.error, "192.0.2.1 port 0")) << opened.error;
}

TEST(OpenListeners, FailsIfOneOfTwoHostsIsUnavailable) {
  const Opened opened(Hosts{"127.0.0.1", "192.0.2.1"});
  if (!opened.listeners.empty()) GTEST_SKIP() << "this machine lets any address be listened on";
  EXPECT_EQ(opened.code, std::errc::address_not_available);
}

TEST(OpenListeners, LogsNothingOnFailure) {
  const Opened first(Hosts{"127.0.0.2"});
  const Opened second(Hosts{"127.0.0.1", "127.0.0.2"}, first.port());
  EXPECT_NE(second.error, "");
  EXPECT_EQ(second.log_text, "");
}

TEST(ResolveHosts, ReturnsTheAddressesOfEachName) {
  const std::vector<Addresses> hosts = resolve_hosts({"127.0.0.2", "127.0.0.1"});
  ASSERT_EQ(hosts.size(), 2U);
  EXPECT_EQ(hosts[0].front().host(), "127.0.0.2");
  EXPECT_EQ(hosts[1].front().host(), "127.0.0.1");
}

// A label of 64 characters is invalid (RFC 1035, section 2.3.4), so no name server is asked.
TEST(ResolveHosts, NamesAHostWithoutAddress) {
  const std::string host(64, 'x');
  try {
    resolve_hosts({"127.0.0.1", host});
    FAIL() << "it has an address";
  } catch (const std::system_error& error) {
    EXPECT_TRUE(has(error.what(), host)) << error.what();
  }
}

// Enters a network namespace with 127.0.0.1 but without ::1, as in many containers. False if that
// is impossible.
bool enter_network_without_ipv6() {
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  const UniqueFd setting(::open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY | O_CLOEXEC));
  if (setting && ::write(setting.get(), "1", 1) != 1) return false;
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

TEST(OpenListeners, WarnsIfOneAddressIsUnavailable) {
  enum Outcome { kRight, kWrong, kNoNetwork };
  const pid_t child = ::fork();
  if (child == 0) {
    if (!enter_network_without_ipv6() || has_ipv6_loopback()) ::_exit(kNoNetwork);
    const Opened opened(Hosts{"localhost"});
    const bool right = opened.hosts() == Hosts{"127.0.0.1"} &&
                       opened.log_text.starts_with("warning: cannot listen on ::1 port ") &&
                       has(opened.log_text, "\nstarting up on 127.0.0.1 port ");
    ::_exit(right ? kRight : kWrong);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNoNetwork) GTEST_SKIP() << "cannot create a network namespace";
  EXPECT_EQ(WEXITSTATUS(status), kRight);
}

// True if both descriptors refer to one listener: a client that connects to `one` can be accepted
// from `other`.
bool are_one(const UniqueFd& one, const UniqueFd& other) {
  const Connecting peer = connect_to(local_endpoint(one.get()));
  return test::wait_readable(other.get()) && accept_from(other.get()).fd;
}

struct Inherited {
  explicit Inherited(const Hosts& hosts, bool reuse_port = false) {
    ListenSettings settings{.hosts = resolve_hosts(hosts), .port = 0, .backlog = 1};
    settings.reuse_port = reuse_port;
    old = Opened(settings).listeners;
    for (const UniqueFd& listener : old) copies.emplace_back(::dup(listener.get()));
    port = local_endpoint(old.front().get()).port();
  }

  Opened open(const Hosts& hosts, std::uint16_t wanted) const {
    return Opened({.hosts = resolve_hosts(hosts), .port = wanted, .backlog = 1}, LogLevel::kInfo,
                  old);
  }

  std::vector<UniqueFd> old;
  std::vector<UniqueFd> copies;
  std::uint16_t port;
};

TEST(OpenListeners, ReusesAnOldListener) {
  Inherited inherited({"127.0.0.1"});
  const Opened opened = inherited.open({"127.0.0.1"}, inherited.port);
  ASSERT_EQ(opened.listeners.size(), 1U);
  EXPECT_TRUE(are_one(opened.listeners.front(), inherited.copies.front()));
  EXPECT_EQ(opened.log_text,
            "starting up on 127.0.0.1 port " + std::to_string(inherited.port) + "\n");
}

TEST(OpenListeners, KeepsTheOldPortForPort0) {
  Inherited inherited({"127.0.0.1", "127.0.0.2"});
  const Opened opened = inherited.open({"127.0.0.2", "127.0.0.1", "127.0.0.3"}, 0);
  EXPECT_EQ(opened.hosts(), (Hosts{"127.0.0.2", "127.0.0.1", "127.0.0.3"}));
  EXPECT_EQ(opened.port(), inherited.port);
  EXPECT_TRUE(are_one(opened.listeners[0], inherited.copies[1]));
}

TEST(OpenListeners, IgnoresAnOldListenerOfAnotherHost) {
  Inherited inherited({"127.0.0.1"});
  EXPECT_EQ(inherited.open({"127.0.0.2"}, inherited.port).hosts(), Hosts{"127.0.0.2"});
}

TEST(OpenListeners, IgnoresAnOldListenerOfAnotherPort) {
  Inherited inherited({"127.0.0.1"});
  const std::uint16_t other = Opened(Hosts{"127.0.0.1"}).port();
  EXPECT_EQ(inherited.open({"127.0.0.1"}, other).port(), other);
}

// SO_REUSEPORT takes effect when a listener is bound.
TEST(OpenListeners, IgnoresAnOldListenerWithAnotherReusePort) {
  Inherited inherited({"127.0.0.1"}, true);
  const Opened opened = inherited.open({"127.0.0.1"}, 0);
  EXPECT_NE(opened.port(), inherited.port);
}

TEST(OpenListeners, AppliesNewSettingsToAnOldListener) {
  Inherited inherited({"127.0.0.1"});
  ListenSettings settings{.hosts = resolve_hosts({"127.0.0.1"}), .port = 0, .backlog = 1};
  settings.keepalive = 90s;
  const Opened opened(settings, LogLevel::kInfo, inherited.old);
  int seconds = 0;
  socklen_t length = sizeof seconds;
  ASSERT_EQ(
      ::getsockopt(opened.listeners.front().get(), IPPROTO_TCP, TCP_KEEPIDLE, &seconds, &length),
      0);
  EXPECT_EQ(seconds, 90);
}

// open_listeners() throws; the caller keeps its listeners.
TEST(OpenListeners, KeepsTheOldListenersOnFailure) {
  Inherited inherited({"127.0.0.1"});
  ListenSettings settings{.hosts = resolve_hosts({"127.0.0.1", "127.0.0.2"}), .backlog = 1};
  settings.port = inherited.port;
  const UniqueFd blocker = listen_on(resolve("127.0.0.2", inherited.port).front(), 1, false);
  const Opened opened(settings, LogLevel::kInfo, inherited.old);
  EXPECT_TRUE(opened.listeners.empty());
  EXPECT_TRUE(are_one(inherited.old.front(), inherited.copies.front()));
}

TEST(AdoptListeners, AdoptsPassedListeners) {
  Opened opened(Hosts{"127.0.0.1", "127.0.0.2"});
  const std::uint16_t port = opened.port();
  for (const UniqueFd& listener : opened.listeners) ::fcntl(listener.get(), F_SETFL, 0);
  const test::SocketPair pair = test::make_socket_pair();
  Log log(pair.ours.get(), LogLevel::kInfo, Log::Mode::kDaemon);
  const auto adopted = adopt_listeners(std::move(opened.listeners), log);
  ASSERT_EQ(adopted.size(), 2U);
  // Accepting does not block.
  EXPECT_EQ(accept_from(adopted.front().get()).error, EAGAIN);
  std::array<char, 4096> buffer{};
  const std::size_t length = receive(pair.theirs.get(), buffer).bytes;
  EXPECT_EQ(std::string(buffer.data(), length),
            "starting up on 127.0.0.1 port " + std::to_string(port) +
                "\nstarting up on 127.0.0.2 port " + std::to_string(port) + "\n");
}

}  // namespace
}  // namespace echo
