#include "support/test_manager.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "support/patience.h"
#include "support/text.h"

namespace echo::test {
namespace {

// The text after `name`, to the end of the line.
std::string value_of(const std::string& message, const std::string& name) {
  const std::size_t place = message.find(name);
  if (place == std::string::npos) return {};
  const std::size_t begin = place + name.size();
  return message.substr(begin, message.find('\n', begin) - begin);
}

}  // namespace

NotifySocket::NotifySocket(int flags)
    : fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | flags, 0)) {
  // The kernel chooses an abstract name (unix(7), "Autobind feature").
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  socklen_t length = sizeof name;
  auto* const any = reinterpret_cast<sockaddr*>(&name);
  if (::bind(fd.get(), any, sizeof name.sun_family) != 0 ||
      ::getsockname(fd.get(), any, &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "a socket for the service manager");
  }
  address.assign(name.sun_path, length - offsetof(sockaddr_un, sun_path));
  address.front() = '@';
}

TestManager::TestManager(Keeps keeps) : keeps_(keeps), thread_([this] { serve(); }) {}

// The shutdown ends the recvmsg() in which the thread waits.
TestManager::~TestManager() {
  ::shutdown(socket_.fd.get(), SHUT_RD);
  thread_.join();
}

std::string TestManager::wait_for(const std::string& text) {
  std::unique_lock lock(mutex_);
  std::string found;
  const bool is_received = changed_.wait_for(lock, kPatience, [&] {
    while (waited_for_ < messages_.size()) {
      found = messages_[waited_for_++];
      if (has(found, text)) return true;
    }
    return false;
  });
  if (!is_received)
    throw std::runtime_error("the service manager receives no message with: " + text);
  return found;
}

std::string TestManager::messages() {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const std::string& message : messages_) all += message + '\n';
  return all;
}

std::vector<PassedDescriptor> TestManager::take_kept() {
  const std::lock_guard lock(mutex_);
  return std::exchange(kept_, {});
}

void TestManager::serve() {
  for (;;) {
    std::array<char, 4096> text{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec part{.iov_base = text.data(), .iov_len = text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = ::recvmsg(socket_.fd.get(), &message, MSG_CMSG_CLOEXEC);
    if (length <= 0) return;
    const std::string state(text.data(), static_cast<std::size_t>(length));
    int fd = -1;
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header != nullptr) std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    handle(state, UniqueFd(fd));
  }
}

void TestManager::handle(const std::string& message, UniqueFd fd) {
  const std::lock_guard lock(mutex_);
  const std::string name = value_of(message, "FDNAME=");
  if (has(message, "FDSTORE=1") && keeps_ == Keeps::kAll) {
    kept_.push_back({.fd = std::move(fd), .name = name});
  } else if (has(message, "FDSTOREREMOVE=1")) {
    std::erase_if(kept_, [&](const PassedDescriptor& kept) { return kept.name == name; });
  }
  messages_.push_back(message);
  changed_.notify_all();
}

}  // namespace echo::test
