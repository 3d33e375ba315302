#pragma once

#include <sys/resource.h>

namespace echo::test {

// Raises the limit of queued signals to the hard limit. False if that is below `count`. All
// processes of the user share the queue.
inline bool allow_signals(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_SIGPENDING, &limit);
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_SIGPENDING, &limit) == 0 && limit.rlim_cur >= count;
}

constexpr const char* kFewSignals = "the hard limit of pending signals (ulimit -Hi) is too low";

// While this object lives, the kernel queues no signal for this process once the user has `most`
// queued signals (setrlimit(2), RLIMIT_SIGPENDING).
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

}  // namespace echo::test
