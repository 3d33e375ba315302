#include "echo/os/processor_wait.h"

#include <fstream>

namespace echo {

// The file has three numbers about the process's only thread: its running time and its waiting
// time, in nanoseconds, and the number of times that it ran (the kernel's
// Documentation/scheduler/sched-stats.rst). Only Linux has this file.
std::optional<ProcessorWait> processor_wait() {
  std::ifstream file("/proc/self/schedstat");
  Duration::rep ran = 0;
  Duration::rep waited = 0;
  std::uint64_t turns = 0;
  if (!(file >> ran >> waited >> turns)) return std::nullopt;
  return ProcessorWait{.time = Duration{waited}, .turns = turns};
}

}  // namespace echo
