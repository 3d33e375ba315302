#include "echo/os/processor_wait.h"

#include <fstream>

namespace echo {

// The file has three numbers of the only thread: how long it ran, how long it waited, both in
// nanoseconds, and in how many turns it ran (the kernel's Documentation/scheduler/sched-stats.rst).
// Only Linux has this file.
std::optional<ProcessorWait> processor_wait() {
  std::ifstream file("/proc/self/schedstat");
  Duration::rep ran = 0;
  Duration::rep waited = 0;
  std::uint64_t turns = 0;
  if (!(file >> ran >> waited >> turns)) return std::nullopt;
  return ProcessorWait{.time = Duration{waited}, .turns = turns};
}

}  // namespace echo
