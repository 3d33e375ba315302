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

// A socket like that of a service manager.
struct NotifySocket {
  explicit NotifySocket(int flags = 0);

  UniqueFd fd;
  std::string address;  // What NOTIFY_SOCKET is to be.
};

// A service manager, as far as a service sees of it: it hears what it is told, and keeps what it is
// given to keep. In a thread of its own, so that a test can have the service in its own.
class TestManager {
 public:
  enum class Keeps { kAll, kNothing };

  explicit TestManager(Keeps keeps = Keeps::kAll);
  TestManager(const TestManager&) = delete;
  TestManager& operator=(const TestManager&) = delete;
  ~TestManager();

  // What NOTIFY_SOCKET is to be.
  const std::string& address() const noexcept { return socket_.address; }

  // Waits until a message, after the last one that was waited for, has the text in it, and returns
  // it; for kPatience at most, and throws std::runtime_error then.
  std::string wait_for(const std::string& text);

  // All messages so far, each in a line.
  std::string messages();

  // What it has been given to keep, and was not told to drop since. From then on it is the
  // caller's.
  std::vector<PassedDescriptor> take_kept();

 private:
  void serve();
  void handle(const std::string& message, UniqueFd fd);

  Keeps keeps_;
  NotifySocket socket_;
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<std::string> messages_;
  std::size_t waited_for_ = 0;
  std::vector<PassedDescriptor> kept_;
  std::thread thread_;
};

}  // namespace echo::test
