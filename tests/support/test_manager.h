#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "echo/os/unique_fd.h"
#include "echo/service/passed_descriptors.h"

namespace echo::test {

// The notification socket of a service manager.
struct NotifySocket {
  explicit NotifySocket(int flags = 0);

  UniqueFd fd;
  std::string address;  // The value for NOTIFY_SOCKET.
};

// A service manager as a service sees it: receives notifications, and keeps descriptors. It has its
// own thread, so that the test's thread can run the service.
class TestManager {
 public:
  enum class Keeps { kAll, kNothing };

  explicit TestManager(Keeps keeps = Keeps::kAll);
  TestManager(const TestManager&) = delete;
  TestManager& operator=(const TestManager&) = delete;
  ~TestManager();

  // The value for NOTIFY_SOCKET.
  const std::string& address() const noexcept { return socket_.address; }

  // Waits for a message with this text, after the last message that was waited for, and returns it.
  // Waits at most kPatience, and then throws std::runtime_error.
  std::string wait_for(const std::string& text);

  // All messages so far, each with a newline after it.
  std::string messages();

  // Passes the ownership of all stored descriptors to the caller.
  std::vector<PassedDescriptor> take_kept();

 private:
  void serve();
  void handle(const std::string& message, UniqueFd fd);

  Keeps keeps_;
  NotifySocket socket_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> messages_;
  std::size_t waited_for_ = 0;
  std::vector<PassedDescriptor> kept_;
  std::thread thread_;
};

}  // namespace echo::test
