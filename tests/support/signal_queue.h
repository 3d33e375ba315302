#pragma once

#include <sys/resource.h>

namespace echo::testing {

// While it lives, the system queues no more signals than this for the user: setrlimit(2),
// RLIMIT_SIGPENDING.
class LimitedSignalQueue {
 public:
  explicit LimitedSignalQueue(rlim_t most) {
    ::getrlimit(RLIMIT_SIGPENDING, &old_);
    const rlimit limited{.rlim_cur = most, .rlim_max = old_.rlim_max};
    ::setrlimit(RLIMIT_SIGPENDING, &limited);
  }
  LimitedSignalQueue(const LimitedSignalQueue&) = delete;
  LimitedSignalQueue& operator=(const LimitedSignalQueue&) = delete;
  ~LimitedSignalQueue() { ::setrlimit(RLIMIT_SIGPENDING, &old_); }

 private:
  rlimit old_{};
};

}  // namespace echo::testing
