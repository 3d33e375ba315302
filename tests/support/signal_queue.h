#pragma once

#include <sys/resource.h>

namespace echo::test {

// Lets the system queue so many for the user, as far as no other process of the user needs
// them.
inline bool allow_signals(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_SIGPENDING, &limit);
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_SIGPENDING, &limit) == 0 && limit.rlim_cur >= count;
}

constexpr const char* kFewSignals = "the hard limit of pending signals (ulimit -Hi) is too low";

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

}  // namespace echo::test
